"""The page of `paletteai graph --format html`: in a real browser, by keyboard, for a screen reader, and at size."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.graphs import HOSTILE, quoted
from support.graphs import with_projects as projects_called
from support.samples import stack, workspace

from paletteai_components.diagnostics import Diagnostic
from paletteai_components.rules import diagnostics_of
from paletteai_components.views import page
from paletteai_components.views.graph import Graph, graph_of
from paletteai_components.views.page import D3, page_of

PARTS = resources.files(page)
CREDENTIAL = 'hostUrl: "https://a.example", tenant: t, defaultProjectID: "1", apiKey: {secure: "v1:%s"}'
ACME = f"""\
kubernetes:context: plant-1
paletteai:integrations:
  shared: {{{CREDENTIAL % "x"}}}
  edge: {{existingSecret: edge-palette, credential: edge}}
  lab: {{{CREDENTIAL % "y"}}}
paletteai:tenant:
  name: acme
  displayName: Acme
  computeConfigRef: {{name: default}}
  settings:
    default: {{palette: shared}}
    edge: {{palette: edge}}
    spare: {{nvidia: {{existingSecret: ngc}}}}
  projects:
    - {{name: vision}}
    - {{name: line-1, settingsRef: edge}}
    - {{name: lab, settings: {{palette: lab}}}}
    - {{name: merged, settings: {{nvidia: {{existingSecret: ngc}}}}}}
"""
BETA = f"""\
paletteai:integrations:
  same: {{{CREDENTIAL % "x"}}}
paletteai:tenant:
  name: beta
  computeConfigRef: {{name: default}}
  settings: {{special: {{palette: same}}}}
  projects:
    - {{name: quiet, sharedClusterOnly: true}}
    - {{name: lost}}
"""
SOUND = "paletteai:tenant: {name: gamma}\n"
Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Opens the page of a graph. It must ask for nothing but itself and say nothing on the console."""
    asked: list[str] = []
    said: list[str] = []
    file = tmp_path / "graph.html"
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)

    def open_page(graph: Graph, address: str = "", **media: Any) -> Page:
        file.write_text(page_of(graph), encoding="ascii")
        page = context.new_page()
        page.emulate_media(**media)
        page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        # Nobody answers a dialog, so the test would end here.
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(f"{file.as_uri()}{address}")
        return page

    yield open_page
    context.close()
    assert set(asked) <= {file.as_uri()}
    assert said == []


def drawn(**configs: str) -> Graph:
    stacks = [stack(config, f"{name}.dev") for name, config in configs.items()]
    return graph_of(stacks, diagnostics_of(workspace(*stacks)))


def workspace_graph() -> Graph:
    return drawn(acme=ACME, beta=BETA, gamma=SOUND)


def with_projects(count: int) -> Graph:
    projects = "".join(f"    - {{name: project-{number}}}\n" for number in range(count))
    return drawn(acme=f"{ACME.split('  projects:')[0]}  projects:\n{projects}")


def listed(page: Page) -> list[str]:
    return page.locator("#tenants a:visible .name").all_inner_texts()


def choose(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"))


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=re.compile(rf"^{name}\b"))


# --- The text of the page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", D3)
def test_a_library_is_the_released_file_with_its_licence(name: str) -> None:
    recorded = re.search(rf"\| {name}\.min\.js \| {name} \| ([\d.]+) \| ([0-9a-f]{{64}}) \|", _text("d3/README.md"))
    assert recorded
    content = PARTS.joinpath(f"d3/{name}.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == recorded[2]
    assert f"/{name}/ v{recorded[1]} ".encode() in content.splitlines()[0]
    assert _text(f"d3/{name}.LICENSE") in page_of(Graph((), ()))


def _text(name: str) -> str:
    return PARTS.joinpath(name).read_text(encoding="utf-8")


def test_the_page_is_ascii_so_no_encoding_can_change_what_its_hashes_are_of() -> None:
    assert page_of(drawn(acme=ACME.replace("name: vision", 'name: "vïsion…"'))).isascii()


def test_no_script_makes_markup_or_code_out_of_text() -> None:
    ours = _text("tree.js") + _text("page.js")
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\.html\(|eval\(|Function\(", ours)


def test_the_page_names_nothing_outside_of_itself() -> None:
    html = re.sub(r"/\*\nCopyright.*?</script>", "", page_of(workspace_graph()), flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)=\"(?!data:,|#)|url\(|@import|https?:", html)


def test_the_policy_lets_nothing_run_or_load_but_what_the_page_was_made_with() -> None:
    html = page_of(workspace_graph())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules.keys() == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'",) * 3
    for kind, source in (("script", "script-src"), ("style", "style-src")):
        parts = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts]
        assert rules[source].split(" ") == [f"'sha256-{each}'" for each in hashes]


def with_names(names: list[str]) -> Graph:
    """A graph with one project of each name, on a cluster of the first."""
    acme = f"{ACME.split('  projects:')[0]}  projects: [{{name: vision}}]\n"
    return projects_called(stack(acme.replace("plant-1", quoted(names[0]))), names)


def test_names_cannot_end_the_data_they_are_in() -> None:
    names = [*HOSTILE, "</script>", "<!--<script>", "a\u2028b\u2029c"]
    html = page_of(with_names(names))
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert data
    assert "<" not in data[1]
    rows = json.loads(data[1])["stacks"][0]["tenant"]["projects"]
    assert rows[1][0] == "</script><script>alert(1)</script>"
    assert html.count("</script>") == 2 + len(D3)


def test_a_project_of_a_large_fleet_takes_few_bytes() -> None:
    grown = len(page_of(with_projects(1010))) - len(page_of(with_projects(10)))
    assert grown < 1000 * 60


# --- In a browser -------------------------------------------------------------------------------------------------


def test_a_tenant_is_drawn_with_where_each_project_gets_palette_from(opened: Opened) -> None:
    page = opened(workspace_graph())
    expect(page.get_by_role("heading", level=2, name="acme.dev")).to_be_visible()
    assert page.get_by_role("tree").aria_snapshot() == (
        '- tree "Diagram of tenant acme":\n'
        "  - 'treeitem \"Tenant acme, in tenant-acme. 1 error, 1 warning, 1 note: PAI003\" [level=1] [selected]':\n"
        "    - text: acme in tenant-acme 1 error\n"
        "    - group:\n"
        '      - treeitem "Settings tenant-acme/default, the default · integration shared" [level=2]:\n'
        "        - text: tenant-acme/default the default · integration shared\n"
        "        - group:\n"
        '          - treeitem "Project vision, falls back to default" [level=3]: vision falls back to default\n'
        '          - treeitem "Project merged, falls back to default" [level=3]: merged falls back to default\n'
        '      - treeitem "Settings tenant-acme/edge, integration edge" [level=2]:\n'
        "        - text: tenant-acme/edge integration edge\n"
        "        - group:\n"
        '          - \'treeitem "Project line-1, settingsRef: edge" [level=3]\': "line-1 settingsRef: edge"\n'
        '      - treeitem "Settings tenant-acme/spare, no Palette integration" [level=2]:\n'
        "        - text: tenant-acme/spare no Palette integration\n"
        "        - group:\n"
        '          - treeitem "Not used by any project" [level=3]\n'
        '      - treeitem "Settings lab/default, a project’s own · integration lab" [level=2]:\n'
        "        - text: lab/default a project’s own · integration lab\n"
        "        - group:\n"
        '          - treeitem "Project lab, own Settings" [level=3]: lab own Settings'
    )
    assert page.locator("#integrations h4, #integrations h4 + p").all_inner_texts() == [
        "shared", "used by 2 projects, overridden by 2", "edge", "used by 1 project", "lab", "used by 1 project",
    ]  # fmt: skip


def test_each_source_has_a_shape_and_a_line_of_its_own_besides_its_colour(opened: Opened) -> None:
    page = opened(workspace_graph())
    style = "(each) => { const s = getComputedStyle(each); return [%s].join(' ') }"
    shape = style % "s.borderTopStyle, s.borderTopWidth, s.borderTopRightRadius, s.backgroundImage.slice(0, 9)"
    line = style % "s.strokeDasharray, s.strokeWidth"
    sources = ["fallback", "settingsRef", "own", "sharedClusterOnly", "nowhere"]
    assert len({page.locator(f"#legend .sample.{each}").evaluate(shape) for each in sources}) == len(sources)
    assert len({page.locator(f"#legend .edge.{each}:not(.core)").evaluate(line) for each in sources}) == len(sources)
    drawn_shapes = set()
    for source, project in zip(sources, ("vision", "line-1", "lab", "quiet", "lost"), strict=True):
        choose(page, "beta.dev" if project in ("quiet", "lost") else "acme.dev")
        assert source in (box(page, f"Project {project}").get_attribute("class") or "").split()
        assert page.locator(f"#canvas .edge.{source}").count() >= 1
        drawn_shapes.add(box(page, f"Project {project}").evaluate(shape))
    assert len(drawn_shapes) == len(sources)


def test_projects_without_palette_are_told_apart_by_why(opened: Opened) -> None:
    page = opened(workspace_graph(), "#tenant=beta.dev")
    labels = page.get_by_role("treeitem").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))")
    assert labels[3:] == [
        "Without Palette, shared cluster only",
        "Project quiet, shared cluster only",
        "Without Palette, nothing to fall back to",
        "Project lost, nothing to fall back to. 1 error: PAI004",
    ]


def test_a_credential_in_two_integrations_is_marked_on_both(opened: Opened) -> None:
    page = opened(workspace_graph())
    expect(page.locator("#integrations .same")).to_have_text("Same credential: same of beta.dev")
    choose(page, "beta.dev")
    expect(page.locator("#integrations .same")).to_have_text("Same credential: shared of acme.dev")


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("beta", ["beta.dev"]),
        ("PLANT-1", ["acme.dev"]),
        ("special", ["beta.dev"]),
        ("line-1", ["acme.dev"]),
        ("edge", ["acme.dev"]),
        ("pai004", ["beta.dev"]),
        ("error dev", ["acme.dev", "beta.dev"]),
        ("nothing-like-it", []),
    ],
)
def test_a_search_finds_tenants_by_all_that_is_in_them(opened: Opened, sought: str, found: list[str]) -> None:
    page = opened(workspace_graph())
    page.get_by_role("searchbox").fill(sought)
    assert listed(page) == found
    expect(page.get_by_role("status")).to_have_text(f"{len(found)} of 3 tenants")


def test_tenants_without_problems_can_be_left_out_and_the_address_keeps_tenant_search_and_filter(
    opened: Opened,
) -> None:
    page = opened(workspace_graph())
    page.get_by_role("searchbox").fill("dev")
    page.get_by_role("checkbox", name="Only with problems").check()
    assert listed(page) == ["acme.dev", "beta.dev"]
    page.wait_for_url(re.compile("#tenant=acme.dev&search=dev&problems=only$"))
    choose(page, "beta.dev")
    assert page.url.endswith("#tenant=beta.dev&search=dev&problems=only")
    page.reload()
    assert listed(page) == ["acme.dev", "beta.dev"]
    expect(page.get_by_role("heading", level=2, name="beta.dev")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=2, name="acme.dev")).to_be_visible()


def test_every_problem_leads_to_its_place_with_text_help_and_line(opened: Opened) -> None:
    graph = workspace_graph()
    page = opened(graph)
    page.locator("#all summary").click()
    locations = []
    for position, diagnostic in enumerate(graph.diagnostics):
        page.locator("#all-problems a").nth(position).click()
        location = page.locator("#details, #integrations [open]").filter(has_text=diagnostic.message)
        expect(location.first).to_contain_text(diagnostic.help)
        expect(location.first).to_contain_text(str(diagnostic.where[0]))
        locations.append(focused(page))
    assert locations == [
        "card-integrations:0",
        "Project lost, nothing to fall back to. 1 error: PAI004",
        "card-integrations:0",
        "card-integrations:2",
    ]


def test_a_problem_behind_a_show_more_is_reached(opened: Opened) -> None:
    graph = with_projects(100)
    tenant = graph.stacks[0].tenant
    assert tenant
    last = dataclasses.replace(tenant.projects[-1], diagnostics=(len(graph.diagnostics),))
    tenant = dataclasses.replace(tenant, projects=(*tenant.projects[:-1], last))
    diagnostic = Diagnostic("PAI000", "it is wrong", "Mend it.")
    page = opened(Graph((dataclasses.replace(graph.stacks[0], tenant=tenant),), (*graph.diagnostics, diagnostic)))
    page.locator("#all summary").click()
    page.locator("#all-problems a").last.click()
    assert focused(page).startswith("Project project-99, ")
    expect(page.locator("#canvas :focus")).to_be_in_viewport()


def test_a_file_without_a_tenant_is_listed_with_its_problems_and_a_page_about_nothing_says_so(opened: Opened) -> None:
    page = opened(drawn(acme="paletteai:tenant: {}"))
    expect(box(page, "Stack acme.dev")).to_be_visible()
    expect(page.locator("#details .problems li")).not_to_have_count(0)
    page = opened(Graph((), ()))
    expect(page.get_by_role("status")).to_have_text("0 tenants")
    expect(page.locator("#tenant")).to_be_hidden()


def test_many_projects_are_drawn_when_they_are_asked_for_or_searched(opened: Opened) -> None:
    page = opened(with_projects(500))
    assert page.locator("#canvas .project").count() == 30
    box(page, "Show 200 more").click()
    assert page.locator("#canvas .project").count() == 230
    assert focused(page).startswith("Project project-30, ")
    expect(box(page, "Project project-30")).to_have_attribute("aria-setsize", "500")
    page.get_by_role("searchbox").fill("project-412")
    page.keyboard.press("Enter")
    assert focused(page) == "Project project-412, falls back to default"


def test_all_can_be_done_by_keyboard(opened: Opened) -> None:
    page = opened(workspace_graph())
    press = page.keyboard.press
    press("Tab")
    assert focused(page) == "skip"
    press("Enter")
    assert focused(page).startswith("Tenant acme, ")
    press("/")
    assert focused(page) == "query"
    page.keyboard.type("dev/")
    assert page.locator("#query").input_value() == "dev/"
    page.locator("#query").fill("")
    press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent").startswith("acme.dev")
    press("ArrowDown")
    press("Enter")
    assert focused(page).startswith("Tenant beta, ")
    press("ArrowRight")
    assert focused(page).startswith("Settings tenant-beta/special, ")
    press("ArrowLeft")
    assert focused(page).startswith("Tenant beta, ")
    press("End")
    assert focused(page).startswith("Project lost, ")
    press("ArrowUp")
    press("PageUp")
    assert focused(page).startswith("Tenant beta, ")
    press("End")
    press("Enter")
    assert focused(page) == "details"
    expect(page.locator("#details h3")).to_have_text("Project lost")
    press("Escape")
    assert focused(page).startswith("Project lost, ")
    press("Escape")
    assert page.evaluate("document.activeElement.textContent").startswith("beta.dev")
    press("Home")
    press("Escape")
    assert focused(page) == "query"


def test_one_tab_stop_is_in_the_list_and_one_in_the_diagram(opened: Opened) -> None:
    page = opened(workspace_graph(), "#tenant=beta.dev")
    assert page.locator("#tenants [tabindex='0']").count() == 1
    box(page, "Project lost").click()
    assert page.locator("#canvas [tabindex='0']").get_attribute("id") == box(page, "Project lost").get_attribute("id")
    page.get_by_role("searchbox").fill("acme")
    expect(page.locator("#tenants [tabindex='0'] .name")).to_have_text("acme.dev")


def test_what_has_the_focus_is_seen_to_have_it(opened: Opened) -> None:
    page = opened(workspace_graph())
    for _ in range(7):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none"
        assert width >= 2


INTERACTIVE = {"button", "link", "searchbox", "textbox", "checkbox", "treeitem", "tree", "DisclosureTriangle", "main"}


def test_everything_that_can_be_used_has_a_name_and_the_page_has_landmarks(opened: Opened) -> None:
    page = opened(workspace_graph())
    page.locator("#all summary").click()
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    roles = {role for role, _ in told}
    assert {"banner", "search", "navigation", "main", "status", "tree", "region"} <= roles
    assert [role for role, name in told if role in INTERACTIVE - {"main"} and not name.strip()] == []
    levels = page.locator(":is(h1, h2, h3, h4):visible").evaluate_all("all => all.map((each) => +each.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    identities = page.locator("[id]").evaluate_all("all => all.map((each) => each.id)")
    assert len(identities) == len(set(identities))


def test_hostile_names_are_shown_as_the_text_they_are(opened: Opened) -> None:
    page = opened(with_names(HOSTILE))
    names = page.locator("#canvas .project .name").all_text_contents()
    assert names[:3] == HOSTILE[:3]
    assert names[6] == "two\\nlines"
    assert names[8] == "\\u202eright to left"
    assert page.locator("img, #canvas script, #canvas a").count() == 0
    longest = page.locator("#canvas .project .name").nth(14)
    assert longest.get_attribute("title") == "x" * 1000
    assert longest.evaluate("(each) => each.scrollWidth > each.clientWidth") is True


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_nothing_is_cut_off_or_drawn_over_another(opened: Opened, width: int) -> None:
    page = opened(workspace_graph(), "#tenant=beta.dev")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("acme.dev", "beta.dev"):
        choose(page, name)
        boxes = [each.bounding_box() for each in page.locator("#canvas .box").all()]
        edges = [
            (each["x"], each["y"], each["x"] + each["width"], each["y"] + each["height"]) for each in boxes if each
        ]
        assert len(edges) == len(boxes)
        over = [
            (one, two)
            for at, one in enumerate(edges)
            for two in edges[:at]
            if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
        ]
        assert over == []


CONTRASTS = """() => {
  const parsed = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (one, two) => {
    const [low, high] = [light(one), light(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return null;
  };
  const found = [];
  for (const each of document.querySelectorAll('body *')) {
    const style = getComputedStyle(each);
    const hasText = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (hasText && each.getClientRects().length && each.tagName !== 'SCRIPT' && each.tagName !== 'OPTION') {
      const striped = each.closest('.nowhere');
      const grounds = [behind(each)];
      if (striped && !each.closest('.badge')) {
        const stripe = getComputedStyle(striped).backgroundImage.split(' rgb(')[1];
        grounds.push(parsed(stripe).slice(0, 3));
      }
      for (const ground of grounds) {
        found.push(['text', each.className || each.tagName, ratio(parsed(style.color), ground)]);
      }
    }
    if (each.matches('.edge:not(.core, .remark), .box:not(.remark), .sample, input, button')) {
      const line = each.matches('.edge') ? style.stroke : style.borderTopColor;
      found.push(['line', `${each.getAttribute('class') ?? each.id}`, ratio(parsed(line), behind(each.parentElement))]);
    }
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_stand_out_in_light_and_dark(opened: Opened, scheme: str) -> None:
    page = opened(workspace_graph(), color_scheme=scheme)
    page.locator("#all summary").click()
    seen = []
    for name in ("acme.dev", "beta.dev"):
        choose(page, name)
        seen += page.evaluate(CONTRASTS)
    assert len(seen) > 150
    assert [each for each in seen if each[2] < (4.5 if each[0] == "text" else 3)] == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) is (scheme == "dark")


def test_forced_colours_reach_the_lines_too(opened: Opened) -> None:
    page = opened(workspace_graph(), forced_colors="active")
    strokes = page.locator("#canvas .edge:not(.core)").evaluate_all("all => all.map((e) => getComputedStyle(e).stroke)")
    assert set(strokes) == {page.evaluate("getComputedStyle(document.body).color")}


def test_nothing_moves_for_whoever_asked_for_that(opened: Opened) -> None:
    page = opened(workspace_graph(), reduced_motion="reduce")
    durations = page.locator("*").evaluate_all("all => all.map((each) => getComputedStyle(each).transitionDuration)")
    assert set(durations) == {"0s"}


def test_print_shows_the_tenant_in_full(opened: Opened) -> None:
    page = opened(with_projects(30))
    page.emulate_media(media="print")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    canvas = page.locator("#canvas")
    assert canvas.evaluate("(each) => each.scrollHeight <= each.clientHeight") is True


def test_a_thousand_tenants_open_and_are_searched_quickly(opened: Opened) -> None:
    graph = with_projects(10)
    (node,) = graph.stacks
    stacks = tuple(dataclasses.replace(node, name=f"tenant-{number}.dev") for number in range(1000))
    page = opened(Graph(stacks, graph.diagnostics))
    milliseconds = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    keystrokes = page.evaluate(
        """async () => {
          const query = document.getElementById('query');
          const times = [];
          for (const text of ['t', 'te', 'ten', 'tenant-9', 'tenant-99', 'tenant-9', '', 'nothing']) {
            query.value = text;
            const began = performance.now();
            query.dispatchEvent(new Event('input', { bubbles: true }));
            document.body.getBoundingClientRect();
            times.push(performance.now() - began);
          }
          return times;
        }"""
    )
    print(
        f"opened in {milliseconds:.0f} ms, a keystroke {sorted(keystrokes)[4]:.0f} ms, at most {max(keystrokes):.0f} ms"
    )
    assert milliseconds < 10_000
    assert sorted(keystrokes)[4] < 500
    assert max(keystrokes) < 2_000
    assert page.locator("#canvas .box").count() < 30
