"""Scores of coloured photographs and films against the true colours, and against baselines."""

from __future__ import annotations

from photochrom.scoring.album import PARTS, Album, Part, part_of
from photochrom.scoring.baselines import BestConstant, Survey, best_constant, flat_color
from photochrom.scoring.board import Judge, Measures, PhotoScores, Scores
from photochrom.scoring.cleanliness import block_spread, cast, chroma_dark, chroma_light
from photochrom.scoring.color_statistics import ColorStatistics, Truth
from photochrom.scoring.contact_sheet import contact_sheet, showcase
from photochrom.scoring.definitions import FILM_METRICS, METRICS, Metric
from photochrom.scoring.evaluate import COMPARED, Colorize, Photographs, Report, evaluate
from photochrom.scoring.export import (
    film_to_json,
    film_to_table,
    frames_to_csv,
    missing_measures,
    photos_to_csv,
    to_json,
    to_table,
)
from photochrom.scoring.film import (
    FilmJudge,
    FilmReport,
    FilmScores,
    FrameScores,
    evaluate_film,
    film_methods,
)
from photochrom.scoring.lpips import has_lpips, lpips
from photochrom.scoring.metrics import (
    ab_argmax_accuracy,
    ab_error,
    auc,
    ciede2000,
    colorfulness,
    colorfulness_abs,
    delta_e_2000,
    psnr,
    ssim,
    to_lab,
)
from photochrom.scoring.paired import Difference, paired_difference
from photochrom.scoring.patchiness import Segments, has_segmentation, patchiness
from photochrom.scoring.reel import Reel
from photochrom.scoring.tally import AucTally
from photochrom.scoring.temporal import CdcTally, Motion, MotionTracker, WarpTally
from photochrom.scoring.timeline import Timeline, flicker_plot

__all__ = [
    "COMPARED",
    "FILM_METRICS",
    "METRICS",
    "PARTS",
    "Album",
    "AucTally",
    "BestConstant",
    "CdcTally",
    "ColorStatistics",
    "Colorize",
    "Difference",
    "FilmJudge",
    "FilmReport",
    "FilmScores",
    "FrameScores",
    "Judge",
    "Measures",
    "Metric",
    "Motion",
    "MotionTracker",
    "Part",
    "PhotoScores",
    "Photographs",
    "Reel",
    "Report",
    "Scores",
    "Segments",
    "Survey",
    "Timeline",
    "Truth",
    "WarpTally",
    "ab_argmax_accuracy",
    "ab_error",
    "auc",
    "best_constant",
    "block_spread",
    "cast",
    "chroma_dark",
    "chroma_light",
    "ciede2000",
    "colorfulness",
    "colorfulness_abs",
    "contact_sheet",
    "delta_e_2000",
    "evaluate",
    "evaluate_film",
    "film_methods",
    "film_to_json",
    "film_to_table",
    "flat_color",
    "flicker_plot",
    "frames_to_csv",
    "has_lpips",
    "has_segmentation",
    "lpips",
    "missing_measures",
    "paired_difference",
    "part_of",
    "patchiness",
    "photos_to_csv",
    "psnr",
    "showcase",
    "ssim",
    "to_json",
    "to_lab",
    "to_table",
]
