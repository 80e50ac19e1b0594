"""What a stage does with its records: the pass over agents, behind the engine's seam."""

from __future__ import annotations

from collections.abc import Iterable

from schemas import codec
from streams.behaviour import StoreView
from streams.intake import Bounds, Intake
from streams.memory import HOLDINGS_MOST
from streams.partition import StageWork
from streams.plan import Plan, Topology


class StageBehaviour:
    """One stage of a topology, as the engine runs it."""

    def __init__(
        self,
        stage: str,
        topology: Topology,
        *,
        bounds: Bounds | None = None,
        registry: codec.Registry | None = None,
        holdings_most: int = HOLDINGS_MOST,
    ) -> None:
        """`holdings_most`: keys whose decoded state is kept, for each partition."""
        self.plan = Plan(topology.stage(stage), topology)
        self._bounds = bounds or Bounds()
        self._registry = registry
        self._holdings_most = holdings_most

    def open(self, partition: int, store: StoreView) -> StageWork:
        """Take a partition into work: read clock and tables, rebuild the due index by a scan."""
        intake = Intake(self.plan, partition, self._bounds, self._registry)
        return StageWork(self.plan, partition, store, intake, self._holdings_most)

    def topics_written(self) -> Iterable[str]:
        """Every topic that `effects` can name."""
        return self.plan.topics_written()
