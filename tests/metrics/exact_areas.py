"""The areas under ROC and precision-recall curves by their definitions, example by example."""

import numpy as np


def exact_roc_auc(scores, positive):
    """The share of pairs in order, ties half: all pairs, one by one."""
    difference = scores[positive][:, None] - scores[~positive][None, :]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def exact_average_precision(scores, positive):
    """sum_n (R_n - R_{n-1}) P_n over the distinct scores, decreasing."""
    total, before = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        taken = scores >= threshold
        recall = np.mean(taken[positive])
        total += (recall - before) * np.mean(positive[taken])
        before = recall
    return total
