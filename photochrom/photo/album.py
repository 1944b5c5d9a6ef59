"""Find the photographs on a scanned page: an album page, a contact print, a print with a border.

A photograph on a page is a rectangle whose surroundings are flat: paper, cardboard, or the lid of
a scanner. So the page is found first, from the outermost pixels, and then everything that differs
from it. A part that differs is a photograph if its outline is a rectangle. Where the page is not
flat, the scan is one photograph, and nothing is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import IntArray, downscale
from photochrom.photo.photo import eight_bits
from photochrom.photo.tint import tint_of

if TYPE_CHECKING:
    from cv2.typing import MatLike

    from photochrom.photo.photo import Photo

__all__ = ["IN_COLOR", "Region", "find_photographs", "is_in_color"]

IN_COLOR: Final = "in colour already"
"""The reason for which a photograph keeps its colours."""

Corners: TypeAlias = npt.NDArray[np.float64]
"""Four corners (x, y) clockwise from the upper left, (4, 2)."""

_SIDE: Final = 800  # longer side of the copy that is searched, in pixels
_BLUR_RADIUS: Final = 3  # pixels of the small page
_RING: Final = 0.012  # width of the outermost part that shows the page, as a share of the side
_PAGE_SHARE: Final = 0.6  # the least share of that part which must look like the page
_CONTRAST: Final = 14  # the least difference from the page, in levels
_MIN_AREA: Final = 0.012  # the smallest photograph, as a share of the page
_MIN_SIDE: Final = 0.06  # the shortest side of a photograph, as a share of the page's longer side
_NARROW: Final = 0.04  # what is narrower is not a photograph, as a share of the longer side
_MAX_ASPECT: Final = 5.0
_MIN_OVERLAP: Final = 0.84  # the least intersection over union of outline and rectangle
_STRAIGHT: Final = 0.72  # the least share of the outline that lies on straight sides
_MIN_STRAIGHT: Final = 0.45  # the same for each side
_MAX_ELSEWHERE: Final = 0.05  # the largest share of the page that is neither page nor photograph
_EDGE: Final = 0.012  # width of a photograph's blurred outline, as a share of its shorter side
_MIN_INSIDE: Final = 0.5  # the least share of a photograph within its border
_MIN_COVERED: Final = 0.1  # the least share of the page that photographs cover
_MAX_SKEW: Final = 2.0  # the largest deviation from a right angle, in degrees
_MAX_TILT: Final = 12.0  # degrees


@dataclass(frozen=True)
class Region:
    """A photograph on a page.

    Attributes:
        corners: four corners (x, y) in pixels of the page, clockwise from the upper left. The
            sides may be tilted.
    """

    corners: tuple[tuple[float, float], ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The smallest upright box around the region: left, top, right and bottom in pixels."""
        x, y = np.array(self.corners).T
        return (
            max(0, int(np.floor(x.min()))),
            max(0, int(np.floor(y.min()))),
            int(np.ceil(x.max())),
            int(np.ceil(y.max())),
        )

    def scaled(self, x_factor: float, y_factor: float) -> Region:
        """Return the same region on a copy of the page that is smaller or larger."""
        return Region(tuple((x * x_factor, y * y_factor) for x, y in self.corners))

    def window(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Return the rows and columns of the box within a page of that shape, (H, W, …).

        They begin at even numbers: chroma at half size has one sample for two rows and columns, so
        a window that began between them could not be laid into such a plane.
        """
        left, top, right, bottom = self.box
        return (
            slice(top - top % 2, min(bottom, shape[0])),
            slice(left - left % 2, min(right, shape[1])),
        )

    def mask(self, window: tuple[slice, slice]) -> npt.NDArray[np.bool_]:
        """Return which pixels of a window, rows and columns of the page, lie in the region.

        Returns:
            (h, w) bool, of the size of the window.
        """
        rows, columns = window
        mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        # Pixel centres have whole numbers in OpenCV, so corners move by half a pixel.
        points = np.array(self.corners) - (columns.start + 0.5, rows.start + 0.5)
        cv2.fillConvexPoly(mask, np.rint(points * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        return mask.astype(bool)

    def inside(self, page: IntArray) -> IntArray:
        """Return a view of the pixels in an upright box within the region, without its outline.

        Args:
            page: (H, W, 3) uint8 or uint16.
        """
        x, y = np.sort(np.array(self.corners), axis=0).T
        # The second and third smallest are the sides of a box that a tilted region still holds.
        margin = _EDGE * min(x[2] - x[1], y[2] - y[1])
        (left, right), (top, bottom) = (
            np.rint((side[1] + margin, side[2] - margin)).astype(int) for side in (x, y)
        )
        return page[max(0, top) : max(top + 1, bottom), max(0, left) : max(left + 1, right)]

    def is_in_color(self, page: Photo) -> bool:
        """Return whether the photograph in this region of a page is in colour, not just tinted."""
        return page.color is not None and tint_of(eight_bits(self.inside(page.color))) == "colour"

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point, in pixels of the page, lies in the region."""
        outline = np.array(self.corners, np.float32)
        return cv2.pointPolygonTest(outline, (float(x), float(y)), measureDist=False) >= 0


def find_photographs(photo: Photo) -> list[Region]:
    """Find the photographs on a scanned page.

    Args:
        photo: the scan.

    Returns:
        The photographs in reading order. Empty if the scan is itself one photograph that fills the
        picture, or if it cannot be told apart from one.
    """
    full = photo.luma if photo.color is None else photo.color
    height, width = full.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if min(size) < 32:
        return []
    small = downscale(eight_bits(full), size, quick=True)
    found = _search(np.asarray(small, np.uint8).reshape(size[1], size[0], -1))
    ratio = np.array([width / size[0], height / size[1]])
    regions = [Region(tuple(map(tuple, (corners * ratio).tolist()))) for corners in found]
    return sorted(regions, key=lambda region: _reading_order(region, height))


def is_in_color(photo: Photo, *, album: bool = True) -> bool:
    """Return whether a scan is in colour, so that there is nothing to colour.

    Args:
        photo: the scan.
        album: whether it may be an album page, which is not in colour if it has a grey photograph,
            whatever its paper and its other photographs are.
    """
    if photo.is_monochrome or not album:
        return not photo.is_monochrome
    regions = find_photographs(photo)
    return not regions or all(each.is_in_color(photo) for each in regions)


def _reading_order(region: Region, height: int) -> tuple[int, int]:
    """Return a key that sorts by rows of an eighth of the page, then from left to right."""
    left, top, _, bottom = region.box
    return round((top + bottom) / 2 / height * 8), left


def _search(page: npt.NDArray[np.uint8], *, inner: bool = False) -> list[Corners]:
    """Return the corners of the photographs on a small page, (h, w, C).

    Args:
        page: the page, or one photograph with its border.
        inner: whether `page` is a photograph, whose border has to be left out.
    """
    different = _differs_from_page(page)
    if different is None:
        return []
    contours, _ = cv2.findContours(different, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [each for each in contours if _is_large(each, different.shape)]
    fitted = [_rectangle(each, different.shape) for each in large]
    clear = [corners for corners in fitted if corners is not None]
    if 2 * len(clear) < len(large):
        return []
    # Beside clear photographs, an outline with gaps is a photograph that is partly as light or as
    # dark as the page.
    found = [
        _clockwise(cv2.boxPoints(cv2.minAreaRect(contour))) if corners is None else corners
        for contour, corners in zip(large, fitted, strict=True)
    ]
    covered = np.zeros_like(different)
    for corners in found:
        cv2.fillConvexPoly(covered, np.rint(corners).astype(np.int32), 255)
    elsewhere = cv2.bitwise_and(different, cv2.bitwise_not(_grown(covered, 5)))
    if (
        np.count_nonzero(elsewhere) > _MAX_ELSEWHERE * covered.size
        or np.count_nonzero(covered) < _MIN_COVERED * covered.size
    ):
        return []
    return found if inner else [_without_border(page, corners) for corners in found]


def _without_border(page: npt.NDArray[np.uint8], corners: Corners) -> Corners:
    """Return the corners of the picture within a photograph that has a border, or `corners`."""
    width = round(float(np.hypot(*(corners[1] - corners[0]))))
    height = round(float(np.hypot(*(corners[3] - corners[0]))))
    upright = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), upright)
    picture = cv2.warpPerspective(page, turn, (width, height)).reshape(height, width, -1)
    edge = max(1, round(_EDGE * min(width, height)))  # the photograph's blurred outline
    found = _search(np.asarray(picture[edge:-edge, edge:-edge], np.uint8), inner=True)
    if len(found) != 1:
        return corners
    inside = found[0] + edge
    if cv2.contourArea(inside.astype(np.float32)) < _MIN_INSIDE * width * height:
        return corners
    back = np.linalg.inv(turn)
    return np.asarray(cv2.perspectiveTransform(inside[None], back)[0], np.float64)


def _differs_from_page(page: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """Return 255 where a page does not look like its outermost pixels; None if these differ."""
    samples = _outermost(page, max(2, round(_RING * max(page.shape))))
    paper = np.median(samples, axis=0)
    spread = np.median(np.abs(samples - paper).max(-1))
    limit = max(_CONTRAST, 4 * spread)
    if limit > 3 * _CONTRAST or np.mean(np.abs(samples - paper).max(-1) < limit) < _PAGE_SHARE:
        return None
    smooth = _smooth(page)
    different = (np.abs(smooth - paper).max(-1) >= limit).astype(np.uint8) * 255
    different = cv2.morphologyEx(different, cv2.MORPH_CLOSE, _kernel(5))
    contours, _ = cv2.findContours(different, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(different, contours, -1, 255, cv2.FILLED)
    # What is narrower than any photograph is a caption or a crease. Opening removes it, but also
    # rounds the corners of tilted photographs, so these are restored.
    opened = cv2.morphologyEx(different, cv2.MORPH_OPEN, _kernel(round(_NARROW * max(page.shape))))
    grown = _grown(np.asarray(opened, np.uint8), 4)
    return np.asarray(cv2.bitwise_and(grown, different), np.uint8)


def _outermost(page: npt.NDArray[np.uint8], ring: int) -> npt.NDArray[np.int16]:
    """Return the smoothed pixels along the edges of a page, (n, C): a ring of this width.

    Most scans are no pages, and these pixels tell; so only they are smoothed.
    """
    inner = ring + _BLUR_RADIUS  # what smoothing looks at, too
    if min(page.shape[:2]) <= 2 * inner:
        strips = [_smooth(page)]
    else:
        strips = [
            _smooth(page[:inner])[:ring],
            _smooth(page[-inner:])[-ring:],
            _smooth(page[:, :inner])[ring:-ring, :ring],
            _smooth(page[:, -inner:])[ring:-ring, -ring:],
        ]
    return np.concatenate([strip.reshape(-1, strip.shape[-1]) for strip in strips])


def _smooth(page: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """Return a page without its grain, (h, w, C)."""
    smooth = cv2.GaussianBlur(page, (2 * _BLUR_RADIUS + 1,) * 2, 1.0)
    return smooth.reshape(*page.shape[:2], -1).astype(np.int16)


def _is_large(contour: MatLike, shape: tuple[int, ...]) -> bool:
    """Return whether an outline is large and wide enough for a photograph."""
    height, width = shape
    _, sides, _ = cv2.minAreaRect(contour)
    return cv2.contourArea(contour) >= _MIN_AREA * height * width and min(sides) >= _MIN_SIDE * max(
        height, width
    )


def _rectangle(contour: MatLike, shape: tuple[int, ...]) -> Corners | None:
    """Return the corners of a contour that is a photograph's outline, or None."""
    height, width = shape
    _, sides, _ = rectangle = cv2.minAreaRect(contour)
    if max(sides) > _MAX_ASPECT * min(sides):
        return None
    rough = _clockwise(cv2.boxPoints(rectangle))
    along = rough[1] - rough[0]
    if abs(np.degrees(np.arctan2(along[1], along[0]))) > _MAX_TILT:
        return None
    corners = _fitted(contour, rough)
    if corners is None or _overlap(contour, corners, shape) < _MIN_OVERLAP:
        return None
    free = sum(_is_free(corners[i], corners[i - 1], width, height) for i in range(4))
    return corners if free >= 2 else None


def _fitted(contour: MatLike, rough: Corners) -> Corners | None:
    """Fit a straight line to each side of an outline, and return where the lines meet.

    A caption that touches the photograph, or a part as pale as the page, moves the smallest
    rectangle around the outline, but not most points of a side.

    Args:
        contour: the outline.
        rough: corners of the smallest rectangle around it.

    Returns:
        The corners, or None if a side is not straight.
    """
    points = contour.reshape(-1, 2).astype(np.float64)
    lines, straight = [], []
    for start, end in zip(rough, np.roll(rough, -1, axis=0), strict=True):
        line, share = _side(points, start, end)
        lines.append(line)
        straight.append(share)
    if min(straight) < _MIN_STRAIGHT or np.mean(straight) < _STRAIGHT:
        return None
    corners = [np.cross(lines[i - 1], lines[i]) for i in range(4)]  # homogeneous coordinates
    if any(abs(corner[2]) < 1e-9 for corner in corners):
        return None
    found = np.array([corner[:2] / corner[2] for corner in corners])
    return found if _has_right_angles(found) else None


def _has_right_angles(corners: Corners) -> bool:
    """Return whether a quadrilateral is a rectangle, but for a few degrees."""
    sides = np.roll(corners, -1, axis=0) - corners
    sides /= np.maximum(np.hypot(*sides.T), 1e-9)[:, None]
    cosines = np.abs((sides * np.roll(sides, 1, axis=0)).sum(1))
    return bool(cosines.max() <= np.sin(np.radians(_MAX_SKEW)))


def _side(points: Corners, start: Corners, end: Corners) -> tuple[Corners, float]:
    """Fit a line to the outermost points of an outline along one side of its rectangle.

    Args:
        points: the outline, (N, 2).
        start: first corner of the side, (2,).
        end: its last corner, (2,).

    Returns:
        The line in homogeneous coordinates, (3,); and the share of the side that lies on it.
    """
    length = float(np.hypot(*(end - start)))
    direction = (end - start) / length
    inwards = np.array([-direction[1], direction[0]])
    along, depth = (points - start) @ direction, (points - start) @ inwards
    profile = np.full(max(8, int(length)), np.inf)
    bins = np.clip(along * len(profile) / length, 0, len(profile) - 1).astype(int)
    np.minimum.at(profile, bins, depth)
    middle = slice(len(profile) // 20, -(len(profile) // 20) or None)  # corners may be round
    at = (np.arange(len(profile)) + 0.5)[middle] * length / len(profile)
    heights = profile[middle]
    tolerance = max(1.5, 0.006 * length)
    near = heights < 0.25 * length
    for _ in range(4):  # repeated fits, each without the points that are far from the last line
        if near.sum() < 4:
            return np.zeros(3), 0.0
        slope, offset = np.polyfit(at[near], heights[near], 1)
        away = np.abs(heights - (slope * at + offset))
        near = away <= max(tolerance, 1.5 * float(np.median(away[near])))
    first = start + inwards * offset
    last = start + direction * length + inwards * (slope * length + offset)
    line = np.cross(np.append(first, 1.0), np.append(last, 1.0))
    return line, float(np.mean(away <= tolerance))


def _overlap(contour: MatLike, corners: Corners, shape: tuple[int, ...]) -> float:
    """Return the intersection over union of an outline and a rectangle."""
    outline, rectangle = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    cv2.drawContours(outline, [contour], -1, 255, cv2.FILLED)
    cv2.fillConvexPoly(rectangle, np.rint(corners).astype(np.int32), 255)
    both = cv2.countNonZero(cv2.bitwise_and(outline, rectangle))
    return both / max(1, cv2.countNonZero(cv2.bitwise_or(outline, rectangle)))


def _is_free(start: Corners, end: Corners, width: int, height: int) -> bool:
    """Return whether a side does not lie on the edge of the page.

    A photograph may fill the page in one direction. But a single line across a picture, such as
    the horizon above snow, makes no photograph.
    """
    margin = 0.01 * max(width, height)
    x, y = (start + end) / 2
    return bool(margin < x < width - margin and margin < y < height - margin)


def _clockwise(corners: MatLike) -> Corners:
    """Order four corners clockwise, from the upper left."""
    points = np.asarray(corners, np.float64)
    middle = points.mean(0)
    angle = np.arctan2(*(points - middle).T[::-1])
    points = points[np.argsort(angle)]  # clockwise, because rows grow downwards
    return np.roll(points, -int(np.argmin(points.sum(1))), axis=0)


def _grown(mask: npt.NDArray[np.uint8], pixels: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.dilate(mask, _kernel(2 * pixels + 1)), np.uint8)


def _kernel(side: int) -> npt.NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)
