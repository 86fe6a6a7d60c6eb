"""What the SDK lacks: InfluxDB's query of a panel, a variable and an annotation, in Flux."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import dashboard as model

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.queries import Variable

#: uid of the data source, as deploy/grafana/provisioning has it.
SOURCE = model.DataSourceRef(type_val="influxdb", uid="headworks")

#: The buckets of what the dashboard's variable chooses: live telemetry, or replays.
BUCKETS = Buckets.split("${bucket}")

PLANT, GAUGE, STATION = Variable("plant"), Variable("gauge"), Variable("station")


class FluxQuery(variants.Dataquery, cogbuilder.Builder[variants.Dataquery]):
    """A query of a panel; ref_id: its name there."""

    def __init__(self, query: str, ref_id: str) -> None:
        self.query, self.ref_id = query, ref_id

    def build(self) -> variants.Dataquery:
        """Itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {"refId": self.ref_id, "datasource": SOURCE, "query": self.query}


class FluxAnnotationTarget(model.AnnotationTarget, cogbuilder.Builder[model.AnnotationTarget]):
    """The query of an annotation."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self.query = query

    def build(self) -> model.AnnotationTarget:
        """Itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {"refId": "annotation", "query": self.query}


def annotation(name: str, query: str, colour: str) -> build.AnnotationQuery:
    """Marks from rows of time, title, text and tags."""
    return (
        build.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .target(FluxAnnotationTarget(query))
    )


def names(variable: Variable, label: str, query: str, chosen: str) -> build.QueryVariable:
    """A variable whose values a query gives; one of them is chosen at a time."""
    return (
        build.QueryVariable(variable.name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": variable.name})
        .current(model.VariableOption(selected=True, text=chosen, value=chosen))
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(False)
        .include_all(False)
    )


def source_of_data() -> build.CustomVariable:
    """The variable by which live telemetry or replays are looked at; the latter are in buckets of their own."""
    live, replay = "Live : telemetry", "Replays : telemetry_replay"
    return (
        build.CustomVariable("bucket")
        .label("Data")
        .values(f"{live}, {replay}")
        .current(model.VariableOption(selected=True, text="Live", value="telemetry"))
        .options([
            model.VariableOption(selected=True, text="Live", value="telemetry"),
            model.VariableOption(selected=False, text="Replays", value="telemetry_replay"),
        ])
        .multi(False)
        .include_all(False)
    )  # fmt: skip
