// The search of the site runs in a Worker, which browsers refuse to pages that are opened from a disk. There the
// same script runs in a hidden frame: a worker to both sides. The theme asks for `IFrameWorker` by this name.

class IFrameWorker extends EventTarget {
  constructor(url) {
    super()
    this.frame = document.createElement("iframe")
    this.frame.hidden = true
    document.body.append(this.frame)
    this.frame.worker = this
    const inside = this.frame.contentDocument
    inside.open()
    inside.write(
      "<script>" +
        "postMessage = data => frameElement.worker.received(data);" +
        "importScripts = (...urls) => urls.reduce((before, url) => before.then(() => new Promise((done, failed) => {" +
        "  const script = document.createElement('script');" +
        "  script.onload = done; script.onerror = failed; script.src = url; document.body.append(script);" +
        "})), Promise.resolve())" +
        `<\/script><body><script src="${new URL(url, location)}"><\/script></body>`
    )
    inside.close()
    this.ready = new Promise(done => this.frame.contentWindow.addEventListener("load", done))
  }

  received(data) {
    this.dispatchEvent(new MessageEvent("message", { data }))
  }

  postMessage(data) {
    this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
  }

  terminate() {
    this.frame.remove()
  }
}

if (location.protocol === "file:") {
  window.IFrameWorker = IFrameWorker
  window.Worker = IFrameWorker
}
