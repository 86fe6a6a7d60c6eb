"""The master alarm database: one row an alarm, to print, to give to a spreadsheet and to take back from one."""

from services.core.catalogue.sheet.columns import COLUMNS, Column
from services.core.catalogue.sheet.database import rows_of, summary_of
from services.core.catalogue.sheet.put import write_plan
from services.core.catalogue.sheet.table import read_table, write_table
from services.core.catalogue.sheet.take import Change, Plan, plan_import

__all__ = [
    "COLUMNS",
    "Change",
    "Column",
    "Plan",
    "plan_import",
    "read_table",
    "rows_of",
    "summary_of",
    "write_plan",
    "write_table",
]
