"""The site in a real browser."""

import shutil
from collections.abc import Iterator

import httpx
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright's Python package")

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
FEED = ".grid [data-item]"


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


both_widths = pytest.mark.parametrize("page", [PHONE, DESKTOP], ids=["phone", "desktop"], indirect=True)


@pytest.fixture
def page(browser: "playwright.Browser", address: str, request: pytest.FixtureRequest) -> Iterator["playwright.Page"]:
    """A fresh visitor's page; what the browser complains of fails the test."""
    context = browser.new_context(viewport=getattr(request, "param", DESKTOP), base_url=address, locale="en-US")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


def shown(page: "playwright.Page", where: str = FEED) -> list[str]:
    return page.eval_on_selector_all(where, "entries => entries.map(entry => entry.dataset.item)")  # type: ignore[no-any-return]


def settled(page: "playwright.Page") -> None:
    """Wait until nothing is being loaded."""
    playwright.expect(page.locator("[aria-busy]")).to_have_count(0)


def newcomer(page: "playwright.Page", name: str) -> str:
    """A user whom no other test has seen."""
    assert page.viewport_size is not None
    return f"{name}-{page.viewport_size['width']}"


def start_as(page: "playwright.Page", user: str, path: str = "/") -> None:
    page.add_init_script(f"localStorage.getItem('taojin.user') ?? localStorage.setItem('taojin.user', '{user}')")
    page.goto(f"/#{path}")


@both_widths
def test_home_shows_rows_without_repeats(page: "playwright.Page") -> None:
    page.goto("/")
    for title in ("For you", "Hot right now", "New releases", "Comedy"):
        page.get_by_role("region", name=title, exact=True).locator("[data-item]").first.wait_for()
    settled(page)
    items = shown(page, ".cards [data-item]")
    assert len(items) > 40 and len(items) == len(set(items))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"


@both_widths
def test_a_film_has_its_page_with_reaction_and_similar_films(page: "playwright.Page", address: str) -> None:
    user = newcomer(page, "film")
    start_as(page, user)
    page.locator(".cards [data-item='f2'] a").first.click()
    page.get_by_role("heading", name="The Stone of River 2", level=1).wait_for()
    page.locator(FEED).first.wait_for()
    assert "In common" in page.locator(".grid .why").first.inner_text()
    like = page.get_by_role("button", name="Like The Stone of River 2")
    assert like.get_attribute("aria-pressed") == "false"
    like.click()
    page.locator(".like[aria-pressed='true']").first.wait_for()
    page.get_by_role("radio", name="4 of 5 stars").check(force=True)
    page.get_by_role("status").get_by_text("Noted").wait_for()
    page.reload()
    page.locator(".film .like[aria-pressed='true']").wait_for()
    playwright.expect(page.locator(".star.lit")).to_have_count(4)
    events = httpx.get(f"{address}/v1/users/{user}/history").json()["events"]
    assert {tuple(event["events"]) for event in events} == {("like",), ("rate", "like")}


@both_widths
def test_for_you_changes_behind_a_film_that_is_liked(page: "playwright.Page") -> None:
    start_as(page, newcomer(page, "feed"), "/for-you")
    page.locator(FEED).nth(20).wait_for()
    before = shown(page)
    page.locator(FEED).nth(2).hover()
    page.locator(FEED).nth(2).get_by_role("button").click()
    page.get_by_role("region", name="You liked").get_by_role("link").first.wait_for()
    liked = page.locator(FEED).nth(2).locator(".name").inner_text()
    playwright.expect(page.locator(FEED).nth(3).locator(".why")).to_contain_text(f"like {liked}")
    page.locator(FEED).nth(20).wait_for()
    after = shown(page)
    assert after[:3] == before[:3] and after[3:20] != before[3:20]
    assert len(after) == len(set(after))


def test_the_feed_goes_on_without_repeats_until_the_catalogue_ends(page: "playwright.Page") -> None:
    start_as(page, newcomer(page, "endless"), "/for-you")
    page.locator(FEED).first.wait_for()
    for count in (30, 60, 90, 110):
        page.mouse.wheel(0, 9000)
        page.locator(FEED).nth(count).wait_for()
    page.mouse.wheel(0, 9000)
    page.get_by_text("You have seen all there is for now.").wait_for()
    items = shown(page)
    assert len(items) == 120 == len(set(items))


def test_another_user_gets_another_page(page: "playwright.Page") -> None:
    start_as(page, "u1", "/for-you")
    page.locator(FEED).first.wait_for()
    first = shown(page)
    page.get_by_role("button", name="Viewing as User u1").click()
    page.get_by_role("dialog").get_by_role("button", name="User u4").click()
    page.get_by_role("button", name="Viewing as User u4").wait_for()
    page.locator(FEED).first.wait_for()
    settled(page)
    assert shown(page)[:10] != first[:10]
    page.get_by_role("button", name="Viewing as User u4").click()
    page.get_by_role("textbox", name="User id").fill("somebody else")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Viewing as User somebody else").click()
    page.get_by_role("button", name="Start as a new visitor").click()
    page.get_by_role("button", name="Viewing as New visitor").wait_for()
    page.locator(f"{FEED}[data-item='f1']").wait_for()


def test_a_search_finds_films_while_one_types_and_back_leads_out_of_it(page: "playwright.Page") -> None:
    start_as(page, "u1")
    page.get_by_role("searchbox").press_sequentially("night 1", delay=30)
    page.locator(f"{FEED}[data-item='f11']").wait_for()
    assert page.get_by_role("searchbox").evaluate("box => box === document.activeElement")
    page.get_by_role("searchbox").fill("zzz")
    page.get_by_text("No film has these words in its title.").wait_for()
    page.go_back()
    page.get_by_role("region", name="For you", exact=True).wait_for()


def test_the_language_changes_and_stays(page: "playwright.Page") -> None:
    start_as(page, "u1")
    page.get_by_role("button", name="切换到中文").click()
    page.get_by_role("region", name="为你推荐", exact=True).wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh"
    page.reload()
    page.get_by_role("region", name="喜剧", exact=True).locator("[data-item]").first.wait_for()
    page.get_by_role("button", name="Switch to English").click()
    page.get_by_role("region", name="Comedy", exact=True).wait_for()


def test_a_genre_has_a_page_of_its_own(page: "playwright.Page") -> None:
    start_as(page, "u1", "/item/f3")
    page.get_by_role("link", name="Western", exact=True).click()
    page.get_by_role("heading", name="Western", level=1).wait_for()
    page.locator(FEED).first.wait_for()
    assert all("Western" in text for text in page.locator(f"{FEED} .meta").all_inner_texts())


def test_the_keyboard_reaches_a_film_and_opens_it(page: "playwright.Page") -> None:
    start_as(page, "u1")
    page.locator(".cards [data-item]").first.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator(".cards [data-item] a").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="More like this").wait_for()


def test_what_comes_from_outside_is_text_and_never_markup(page: "playwright.Page") -> None:
    start_as(page, "<img src=x onerror=alert(1)>", "/search/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    page.get_by_role("heading", name="<img src=x").wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_an_address_that_leads_nowhere_says_so(page: "playwright.Page") -> None:
    start_as(page, "u1", "/nowhere")
    page.get_by_text("There is no such page.").wait_for()


def test_a_service_that_fails_is_told_and_can_be_asked_again(page: "playwright.Page") -> None:
    start_as(page, "u1", "/for-you")
    page.locator(FEED).first.wait_for()
    refusal = '{"error": {"where": "service", "expected": "an answer", "got": "a fault", "remedy": ""}}'
    page.route(
        "**/v1/recommend", lambda route: route.fulfill(status=200, content_type="application/json", body=refusal)
    )
    page.goto("/#/genre/Comedy")
    page.get_by_role("alert").wait_for()
    page.unroute("**/v1/recommend")
    page.get_by_role("button", name="Try again").click()
    page.locator(FEED).first.wait_for()
