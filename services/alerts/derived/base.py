"""What a derived function is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from services.core.catalogue import Site
from services.core.frame import Qualities, Times, Values
from services.core.quality import FIRST_BAD


class DerivedFunction(ABC):
    """Base. `inputs` are labels in the catalogue's order; `memory` is the float64 state that lives in the log's state.

    compute(times i8[G], values f8[G, n], quality u1[G, n]) -> (values f8[G], quality u1[G]); called with the
    instants in order, in any split. An output whose quality is bad drives no alarm.
    """

    #: How many floats of memory it needs, given its parameters.
    memory_size = 0

    def __init__(self, site: Site, inputs: list[str], parameters: dict[str, float]) -> None:
        self.site, self.inputs, self.parameters = site, inputs, parameters
        self.memory: NDArray[np.float64] = np.full(self.memory_size, np.nan)

    def at(self, name: str) -> int:
        """The column of an input; KeyError when the catalogue does not give it."""
        try:
            return self.inputs.index(name)
        except ValueError:
            raise KeyError(name) from None

    @abstractmethod
    def compute(self, times: Times, values: Values, quality: Qualities) -> tuple[Values, Qualities]:
        """See the class."""


def worst(quality: Qualities) -> Qualities:
    """The worst quality of each row of u1[G, n]."""
    out: Qualities = quality.max(axis=1)
    return out


def usable(quality: Qualities) -> NDArray[np.bool_]:
    """Whether no input of the instant is bad, bool[G]."""
    return worst(quality) < FIRST_BAD
