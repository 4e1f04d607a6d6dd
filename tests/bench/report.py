"""Figures, what is asked of visord's, and how they are shown."""
import dataclasses
import json
import statistics

BASE = "supervisor"


def p99(values):
    """The 99th percentile."""
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


@dataclasses.dataclass
class Figure:
    """One row: the samples of `key`, reduced by `of`; `asked` are limits as they are shown, `≤ VALUE [× SUBJECT]`."""
    key: str
    title: str
    unit: str
    asked: tuple = ()
    of: object = statistics.median


def figures(few, many, storm):
    """The rows of the report, in order."""
    start, crash = "programs, exec of the daemon to the last first act", f"{storm} programs crashing"
    rows = [Figure(f"start {few}", f"{few} {start}", "s"),
            Figure(f"start {many}", f"{many} {start}", "s", ("≤ 0.2 × supervisor", "≤ 3 × floor"))]
    for count in (few, many):
        kill = f"`kill -9` to the replacement's first act, {count} programs"
        rows += [Figure(f"restart {count}", f"{kill}, p50", "ms", ("≤ 0.01 × supervisor", "≤ 2 × dinit")),
                 Figure(f"restart {count}", f"{kill}, p99", "ms", of=p99)]
    rows += [Figure("memory 0", "memory (PSS), no programs", "KB", ("≤ 0.3 × supervisor",)),
             Figure("memory each", f"memory (PSS) per idle program, of {many}", "KB", ("≤ 10",)),
             Figure(f"wakeups {many}", f"wake-ups per minute, {many} idle programs", "", ("≤ 0",))]
    for case in ("plain", "rotated"):
        rows += [Figure(f"log {case}", f"one program's output to a file, {case}", "MB/s", ("≥ 1 × floor",)),
                 Figure(f"log {case} cpu", f"CPU of that, {case}", "s/GiB", ("≤ 1.3 × floor",))]
    rows += [Figure(f"storm {storm}", f"{crash}: an answer, p50", "ms"),
             Figure(f"storm {storm}", f"{crash}: an answer, p99", "ms", ("≤ 20",), of=p99),
             Figure(f"storm {storm} restarts", f"{crash}: restarts a second", "")]
    return rows + [Figure(f"status {count}", f"whole status command, {count} programs", "ms", ("≤ 0.1 × supervisor",))
                   for count in (few, many)]


class Results:
    """Every sample of a run, by figure and subject."""

    def __init__(self):
        self.samples, self.failures = {}, []

    def add(self, key, subject, *values):
        """Takes samples."""
        self.samples.setdefault(key, {}).setdefault(subject, []).extend(values)

    def failed(self, case, subject, error):
        """Notes that a case could not be measured."""
        self.failures.append({"case": case, "subject": subject, "error": str(error)})

    def derive(self, many):
        """Works out what a program adds to memory."""
        for subject, full in self.samples.get(f"memory {many}", {}).items():
            empty = self.samples.get("memory 0", {}).get(subject)
            if empty:
                self.add("memory each", subject, *((kb - statistics.median(empty)) / many for kb in full))

    def value(self, figure, subject):
        """A subject's figure; None when it was not measured."""
        samples = self.samples.get(figure.key, {}).get(subject)
        return figure.of(samples) if samples else None

    def verdicts(self, rows):
        """Says of each limit whether visord keeps it; limits without measurements are left out."""
        for figure in rows:
            for asked in figure.asked:
                sign, bound, *beside = asked.replace("×", "").split()
                value = self.value(figure, "visord")
                reference = self.value(figure, beside[0]) if beside else 1
                if value is None or not reference:
                    continue
                ratio, bound = value / reference, float(bound)
                yield {"figure": figure.title, "asked": asked if beside else f"{asked} {figure.unit}".strip(), "measured": ratio,
                       "met": ratio >= bound if sign == "≥" else ratio <= bound}


def short(value):
    """Three digits that matter."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 or value == 0 else f"{value:#.3g}"


def _cell(results, figure, subject):
    value, base = results.value(figure, subject), results.value(figure, BASE)
    return short(value) if value is None or not base or subject == BASE else f"{short(value)} ({short(value / base)} ×)"


def _table(head, lines):
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines)]


def markdown(results, rows, facts):
    """The report as Markdown: facts, figures, limits, what failed."""
    rows = [row for row in rows if row.key in results.samples]
    names = list(dict.fromkeys(name for row in rows for name in results.samples[row.key]))
    lines = [f"- {name}: {fact}" for name, fact in facts.items()]
    lines += ["", *_table(["figure (ratio to Supervisor)", "unit", *names],
                          [[row.title, row.unit, *(_cell(results, row, name) for name in names)] for row in rows])]
    verdicts = [[verdict["figure"], verdict["asked"], short(verdict["measured"]), "met" if verdict["met"] else "**missed**"]
                for verdict in results.verdicts(rows)]
    if verdicts:
        lines += ["", *_table(["asked of visord", "limit", "measured", ""], verdicts)]
    if results.failures:
        lines += ["", "Not measured:", ""]
        lines += [f"- {failure['case']}, {failure['subject']}: {failure['error']}" for failure in results.failures]
    return "\n".join(lines)


def document(results, rows, facts):
    """The report as JSON: the same, and every sample."""
    table = [{"figure": row.title, "unit": row.unit,
              "values": {name: results.value(row, name) for name in results.samples[row.key]}}
             for row in rows if row.key in results.samples]
    return json.dumps({"facts": facts, "figures": table, "limits": list(results.verdicts(rows)),
                       "failures": results.failures, "samples": results.samples}, indent=1)
