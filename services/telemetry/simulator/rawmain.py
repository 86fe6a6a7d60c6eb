"""The raw-water main: plug flow by volume, so that its delay follows the flow."""

from collections import deque


class RawMain:
    """Parcels of water in the order in which they entered; volume m³, turbidity NTU.

    800 m³ take 21 min at full flow and 62 min at 35 % of it.
    """

    def __init__(self, volume: float, turbidity: float) -> None:
        self.volume = volume
        self._parcels: deque[tuple[float, float]] = deque([(volume, turbidity)])
        self.outlet = turbidity

    def step(self, dt: float, flow: float, turbidity: float) -> float:
        """Pushes dt s of flow, m³/h, in and returns the mean turbidity of what leaves, NTU."""
        moved = flow * dt / 3600.0
        if moved <= 0:
            return self.outlet
        self._parcels.append((moved, turbidity))
        left, load = moved, 0.0
        while left > 0:
            volume, value = self._parcels[0]
            if volume > left + 1e-9:
                self._parcels[0] = (volume - left, value)
                load += left * value
                break
            self._parcels.popleft()
            load += volume * value
            left -= volume
        self.outlet = load / moved
        return self.outlet
