"""Scores: how near coloured photographs are to the truth, beside the baselines they must beat."""

from __future__ import annotations

from photochrom.scoring.album import Album
from photochrom.scoring.baselines import BestConstant, Survey, best_constant, flat_color
from photochrom.scoring.board import Judge, PhotoScores, Scores
from photochrom.scoring.ciede import delta_e_2000
from photochrom.scoring.definitions import METRICS, Metric
from photochrom.scoring.evaluate import Colorize, Photographs, Progress, Report, evaluate
from photochrom.scoring.export import photos_to_csv, summary_to_csv, to_json
from photochrom.scoring.metrics import (
    ab_argmax_accuracy,
    ab_error,
    auc,
    ciede2000,
    colorfulness,
    psnr,
    ssim,
    to_lab,
)
from photochrom.scoring.sheet import sheet
from photochrom.scoring.showcase import showcase
from photochrom.scoring.table import to_markdown, to_table
from photochrom.scoring.tally import AucTally

__all__ = [
    "METRICS",
    "Album",
    "AucTally",
    "BestConstant",
    "Colorize",
    "Judge",
    "Metric",
    "PhotoScores",
    "Photographs",
    "Progress",
    "Report",
    "Scores",
    "Survey",
    "ab_argmax_accuracy",
    "ab_error",
    "auc",
    "best_constant",
    "ciede2000",
    "colorfulness",
    "delta_e_2000",
    "evaluate",
    "flat_color",
    "photos_to_csv",
    "psnr",
    "sheet",
    "showcase",
    "ssim",
    "summary_to_csv",
    "to_json",
    "to_lab",
    "to_markdown",
    "to_table",
]
