"""Keeps the weights of the best epoch."""

from __future__ import annotations

from graphlang.contracts.monitor import Monitor


class best(Monitor):
    """at the end of the training the weights of the epoch with the best value come back

    Convention: of equal values the first is the best. More is better of accuracy, top_k, precision, recall,
    f1, auc and r2, less of all else, unless `mode` says it.
    Source: as keras.callbacks.ModelCheckpoint(save_best_only=True).
    """
