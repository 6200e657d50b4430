"""A chest CT phantom: body, two lungs with vessels, heart, spine, and an opacity.

Coordinates run from -1 to 1 across the image (x to the subject's left, y to the back, as in the
DICOM patient coordinate system) and along the stack; values are Hounsfield units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

AIR, FAT, SOFT_TISSUE, LUNG, BLOOD, BONE = -1000.0, -100.0, 40.0, -850.0, 45.0, 420.0
OPACITY = -80.0
VESSELS = 40
NOISE = 14.0

Volume = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def chest_volume(
    anatomy: np.random.Generator,
    noise: np.random.Generator,
    *,
    severity: float,
    slices: int,
    size: int,
) -> npt.NDArray[np.int16]:
    """Return a phantom of shape (slices, size, size) in Hounsfield units.

    `anatomy` draws what belongs to the subject, `noise` what belongs to the scan; `severity` in
    [0, 1] sets the opacity's size.
    """
    grid = _Grid(slices, size)
    volume = np.full((slices, size, size), AIR, dtype=np.float32)
    volume[grid.ellipse(0, 0, 0.92, 0.68)] = FAT
    volume[grid.ellipse(0, 0, 0.86, 0.62)] = SOFT_TISSUE
    lungs = _lungs(grid)
    volume[lungs] = LUNG
    _paint_vessels(volume, lungs, anatomy)
    volume[grid.ellipse(0.0, 0.44, 0.10, 0.11)] = BONE
    _paint_opacity(volume, lungs, grid, anatomy, severity)
    return _with_noise(volume, noise)


class _Grid:
    """Normalised coordinates, shaped so that sums of them broadcast to the volume."""

    def __init__(self, slices: int, size: int) -> None:
        axis = np.linspace(-1, 1, size, dtype=np.float32)
        self.z = np.linspace(-1, 1, slices, dtype=np.float32)[:, None, None]
        self.y, self.x = axis[None, :, None], axis[None, None, :]

    def ellipse(self, x: float, y: float, width: float, height: float, taper: float = 0.0) -> Mask:
        """Return where an elliptic cylinder is; `taper` shrinks it towards both ends."""
        scale = 1 - taper * self.z**2
        inside = ((self.x - x) / (width * scale)) ** 2 + ((self.y - y) / (height * scale)) ** 2 < 1
        return np.asarray(np.broadcast_to(inside, (len(self.z), self.y.size, self.x.size)))


def _lungs(grid: _Grid) -> Mask:
    both = grid.ellipse(-0.42, 0.0, 0.30, 0.46, 0.12) | grid.ellipse(0.42, 0.0, 0.28, 0.46, 0.12)
    heart = grid.ellipse(0.12, -0.16, 0.24, 0.24, 0.3)
    return np.asarray(both & ~heart)


def _paint_vessels(volume: Volume, lungs: Mask, rng: np.random.Generator) -> None:
    """Draw slanted tubes, all discs of all tubes at once, clipped to the lungs."""
    slices, size, _ = volume.shape
    start = rng.uniform([-0.45, -0.7], [0.45, 0.7], (VESSELS, 2))
    drift = rng.normal(0, 0.08, (VESSELS, 2))
    radius = rng.uniform(0.008, 0.022, VESSELS) * size / 2
    along = np.linspace(-1, 1, slices)
    centre = (start[:, None] + drift[:, None] * along[None, :, None] + 1) * (size - 1) / 2
    reach = int(np.ceil(radius.max()))
    offset = np.argwhere(np.ones((2 * reach + 1, 2 * reach + 1))) - reach
    pixel = np.rint(centre)[:, :, None] + offset
    near = ((pixel - centre[:, :, None]) ** 2).sum(-1) <= radius[:, None, None] ** 2
    plane = np.broadcast_to(np.arange(slices)[None, :, None], near.shape)[near]
    row, column = np.clip(pixel[near], 0, size - 1).astype(np.intp).T
    inside = lungs[plane, row, column]
    volume[plane[inside], row[inside], column[inside]] = BLOOD


def _paint_opacity(
    volume: Volume, lungs: Mask, grid: _Grid, rng: np.random.Generator, severity: float
) -> None:
    """Blend a consolidation with a soft rim into the lower back of one lung."""
    side = rng.choice([-0.42, 0.42])
    x, y, z = side + rng.normal(0, 0.03), 0.18 + rng.normal(0, 0.03), rng.normal(0, 0.15)
    radius = 0.05 + 0.24 * severity
    distance = (
        ((grid.x - x) / radius) ** 2 + ((grid.y - y) / radius) ** 2 + ((grid.z - z) / 0.9) ** 2
    )
    weight = np.clip(2.5 * (1 - distance), 0, 1) * lungs
    volume += weight * (OPACITY - volume)


def _with_noise(volume: Volume, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Add noise correlated over neighbouring pixels, as a reconstruction kernel leaves it."""
    white = rng.standard_normal(volume.shape, dtype=np.float32)
    correlated = white + 0.6 * np.roll(white, 1, axis=1) + 0.6 * np.roll(white, 1, axis=2)
    hounsfield: npt.NDArray[np.int16] = np.rint(volume + NOISE / 1.31 * correlated).astype(np.int16)
    return hounsfield
