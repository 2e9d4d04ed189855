//! The screen of the reviewer. It only looks at the state, and fits 80 columns by 24 lines.

use super::session::{Mode, Review};
use crate::mapper::Role;
use crate::review::item::{Item, Suggestion};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

/// Smaller than this, nothing can be read.
const LEAST: (u16, u16) = (50, 14);
/// Candidates that are shown at once.
const SHOWN: usize = 7;

const KEYS: &[(&str, &str)] = &[
    ("up down, 1-9", "mark a candidate"),
    ("a, Enter", "accept the marked candidate"),
    ("r", "reject the marked candidate; it never comes back here"),
    ("n", "no match: the source has no target"),
    ("w", "wait: needs a second review"),
    ("t", "turn the relationship"),
    ("/", "search the target and pick a hit"),
    ("c", "comment on the next decision"),
    ("s, right", "skip; the item stays in the queue"),
    ("b, left", "back to the item before"),
    ("u", "undo the last decision of this session"),
    ("q", "quit; everything decided is already saved"),
];

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours, not only bold and dim.
    pub colour: bool,
}

impl Theme {
    fn paint(&self, color: Color) -> Style {
        if self.colour { Style::new().fg(color) } else { Style::new() }
    }
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const MARKED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws the state.
pub fn draw(frame: &mut Frame, review: &Review, theme: &Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("The window is too small; {} by {} is the least.", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
        return;
    }
    let [title, body, message, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(2),
    ])
    .areas(area);
    draw_title(frame, title, review);
    match review.item() {
        Some(item) => draw_item(frame, body, review, item, theme),
        None => draw_end(frame, body, review),
    }
    frame.render_widget(message_line(review, theme), message);
    draw_footer(frame, footer, review, theme);
    match review.mode() {
        Mode::Search { text, hits, marked } => draw_search(frame, body, text, hits, *marked),
        Mode::Comment { text } => draw_prompt(frame, body, " Comment ", text),
        Mode::Help => draw_help(frame, area),
        Mode::Browse | Mode::Quit => {}
    }
}

fn draw_title(frame: &mut Frame, area: Rect, review: &Review) {
    let blind = if review.blind { ", blind" } else { "" };
    let left = match review.item() {
        Some(item) => format!(
            " {} to {}   {}{blind}",
            item.scope.name,
            short(&item.scope.target),
            review.who
        ),
        None => format!(" tern review   {}{blind}", review.who),
    };
    let right = match review.item() {
        Some(item) => format!("item {}, {} of {} ", item.id, review.place() + 1, review.len()),
        None => String::new(),
    };
    frame.render_widget(both_ends(left, right, area.width, MARKED), area);
}

/// The end of a URL that people know a code system by.
fn short(url: &str) -> &str {
    crate::service::alias::short_name(url).unwrap_or(url)
}

fn both_ends(left: String, right: String, width: u16, style: Style) -> Paragraph<'static> {
    let right_width = Span::raw(right.as_str()).width();
    let room = usize::from(width).saturating_sub(right_width + 1);
    let left = fit(&left, room);
    let gap = usize::from(width).saturating_sub(Span::raw(left.as_str()).width() + right_width);
    Paragraph::new(format!("{left}{}{right}", " ".repeat(gap))).style(style)
}

/// Cut to a width, with a mark where it was cut.
fn fit(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        let mut longer = kept.clone();
        longer.push(character);
        if Span::raw(longer.as_str()).width() + 1 > width {
            break;
        }
        kept = longer;
    }
    kept + "…"
}

/// A number of rows, with separators.
fn rows(count: f64) -> String {
    let digits = format!("{:.0}", count.max(1.0));
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn draw_item(frame: &mut Frame, area: Rect, review: &Review, item: &Item, theme: &Theme) {
    let source = source_lines(item, area.width, theme);
    let candidates = review.candidates();
    let shown = candidates.len().clamp(1, SHOWN) as u16;
    let [top, list, why] = Layout::vertical([
        Constraint::Length(source.len() as u16 + 1),
        Constraint::Length(shown + 1),
        Constraint::Min(0),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(source), top);
    draw_candidates(frame, list, review, &candidates, theme);
    if let Some(one) = review.candidate() {
        let lines = why_lines(one, review, why.width, theme);
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), why);
    }
}

fn source_lines(item: &Item, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let name = match item.source.get(Role::Name) {
        "" => item.source.get(Role::Code),
        name => name,
    };
    let rows = match rows(item.count) {
        one if one == "1" => "1 row".to_owned(),
        many => format!("{many} rows"),
    };
    let name = fit(&format!(" {name}"), width.saturating_sub(rows.len() + 2));
    let gap = width.saturating_sub(Span::raw(name.as_str()).width() + rows.len() + 1);
    let mut lines = vec![Line::from(vec![
        Span::styled(name, BOLD),
        Span::raw(format!("{}{rows} ", " ".repeat(gap))),
    ])];
    let context = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Name && !item.source.get(*role).is_empty());
    let context: Vec<String> = context
        .map(|role| format!("{} {}", role.as_str(), item.source.get(role)))
        .collect();
    if !context.is_empty() {
        lines.extend(folded(" ", &context.join(" · "), width, 2, Style::new()));
    }
    let details = item.proposal.explained();
    let standing = &item.standing;
    let reason = if !standing.dispute.is_empty() {
        format!("two reviewers disagree: {}", standing.dispute.join("; "))
    } else if let (Some(state), Some(author)) = (standing.decided, &standing.author) {
        let code = standing.code.as_deref().unwrap_or("");
        let said = format!("{} {code}", state.as_str());
        format!("{} by {author}; before that: {}", said.trim_end(), item.proposal.reason)
    } else {
        format!("{}: {}", standing.state.as_str(), item.proposal.reason)
    };
    lines.extend(folded(" ", &reason, width, 2, DIM));
    if !details.would_decide.is_empty() {
        let what = details.would_decide.join("; ");
        lines.extend(folded(" would decide: ", &what, width, 2, theme.paint(Color::Yellow)));
    }
    if !details.repairs.is_empty() {
        lines.extend(folded(" repaired: ", &details.repairs.join("; "), width, 1, DIM));
    }
    lines
}

/// A text over at most so many lines, broken at blanks.
fn folded(label: &str, text: &str, width: usize, most: usize, style: Style) -> Vec<Line<'static>> {
    let indent = " ".repeat(Span::raw(label).width());
    let mut lines = vec![label.to_owned()];
    for word in text.split_whitespace() {
        let last = lines.len() == most;
        let Some(line) = lines.last_mut() else { break };
        let fresh = line.trim().is_empty() || line == label;
        let room = Span::raw(line.as_str()).width() + Span::raw(word).width() + usize::from(!fresh);
        if fresh || room < width {
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
        } else if last {
            line.push(' ');
            line.push_str(word);
            break;
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    let cut = lines.iter().map(|line| fit(line, width.saturating_sub(1)));
    cut.map(|line| Line::styled(line, style)).collect()
}

/// A rule across the screen with a heading.
fn rule(heading: &str, width: u16) -> Line<'static> {
    let used = heading.chars().count() + 4;
    let rest = "─".repeat(usize::from(width).saturating_sub(used));
    Line::styled(format!("── {heading} {rest}"), DIM)
}

fn draw_candidates(frame: &mut Frame, area: Rect, review: &Review, candidates: &[&Suggestion], theme: &Theme) {
    let mut lines = vec![rule("candidates", area.width)];
    if candidates.is_empty() {
        lines.push(Line::styled(
            " none; / searches the target, n says that there is no match",
            DIM,
        ));
    }
    let first = review.marked().saturating_sub(SHOWN - 1);
    let longest = candidates
        .iter()
        .map(|one| Span::raw(one.code.as_str()).width())
        .max()
        .unwrap_or(0);
    let code_width = longest.clamp(6, 20);
    for (at, one) in candidates.iter().enumerate().skip(first).take(SHOWN) {
        let number = if at < 9 { (at + 1).to_string() } else { " ".to_owned() };
        let probability = if one.match_type == "searched" {
            "found".to_owned()
        } else {
            format!("{:>3.0} %", f64::from(one.probability) * 100.0)
        };
        let broken = one
            .explained()
            .constraints
            .iter()
            .any(|constraint| constraint.verdict == "broken");
        let code = fit(&one.code, code_width);
        let mark = if at == review.marked() { ">" } else { " " };
        let head = format!("{mark}{number} {code:code_width$} {probability:>5} ");
        let sign = if broken { "✗ " } else { "  " };
        let room = usize::from(area.width).saturating_sub(head.chars().count() + 3);
        let display = fit(&one.display, room);
        let style = if at == review.marked() { BOLD } else { Style::new() };
        lines.push(Line::from(vec![
            Span::styled(head, style),
            Span::styled(sign, theme.paint(Color::Red)),
            Span::styled(display, style),
        ]));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn why_lines(one: &Suggestion, review: &Review, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let explained = one.explained();
    let mut lines = vec![rule(&format!("why {}", one.code), width)];
    let label = |text: &str| format!(" {text:<13} ");
    let room = usize::from(width);
    if one.display != explained.matched && room < Span::raw(one.display.as_str()).width() + 32 {
        lines.extend(folded(&label("name"), &one.display, room, 2, Style::new()));
    }
    if !explained.matched.is_empty() {
        let kind = explained.matched_kind.replace('-', " ");
        lines.extend(folded(
            &label("matched"),
            &format!("{} ({kind})", explained.matched),
            room,
            2,
            Style::new(),
        ));
    } else {
        lines.extend(folded(&label("found by"), &one.match_type, room, 1, Style::new()));
    }
    for (side, words, style) in [
        ("on both sides", &explained.words_matched, theme.paint(Color::Green)),
        ("source only", &explained.words_source_only, theme.paint(Color::Yellow)),
        ("target only", &explained.words_target_only, theme.paint(Color::Yellow)),
    ] {
        if !words.is_empty() {
            lines.extend(folded(&label(side), &words.join(" "), room, 2, style));
        }
    }
    for constraint in &explained.constraints {
        let (sign, color) = match constraint.verdict.as_str() {
            "satisfied" => ("✓", Color::Green),
            "broken" => ("✗", Color::Red),
            _ => ("·", Color::Reset),
        };
        let stated = |text: &str| {
            if text.is_empty() {
                "not stated".to_owned()
            } else {
                text.to_owned()
            }
        };
        let sides = format!("source {}, target {}", stated(&constraint.source), stated(&constraint.target));
        lines.extend(folded(
            &format!(" {sign} {:<11} ", constraint.axis),
            &sides,
            room,
            1,
            theme.paint(color),
        ));
    }
    lines.push(Line::from(format!(
        "{}{}",
        label("relationship"),
        review.relationship().as_str()
    )));
    lines
}

fn draw_end(frame: &mut Frame, area: Rect, review: &Review) {
    let (decided, skipped, _) = review.progress();
    let text = if review.is_empty() {
        "\n There is nothing to review.".to_owned()
    } else {
        format!(
            "\n That was the queue: {decided} decided, {skipped} skipped.\n\n b goes back, u undoes the last decision, q quits."
        )
    };
    frame.render_widget(Paragraph::new(text), area);
}

fn message_line(review: &Review, theme: &Theme) -> Paragraph<'static> {
    let text = match (review.message(), review.comment()) {
        ("", "") => String::new(),
        ("", comment) => format!(" comment: {comment}"),
        (message, _) => format!(" {message}"),
    };
    Paragraph::new(text).style(theme.paint(Color::Cyan))
}

fn draw_footer(frame: &mut Frame, area: Rect, review: &Review, theme: &Theme) {
    let (decided, skipped, share) = review.progress();
    let [first, second] = Layout::vertical([Constraint::Length(1), Constraint::Length(1)]).areas(area);
    const WIDTH: usize = 24;
    let full = ((share * WIDTH as f64).round() as usize).min(WIDTH);
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled("█".repeat(full), theme.paint(Color::Green)),
        Span::styled("░".repeat(WIDTH - full), DIM),
        Span::raw(format!(
            " {decided} of {} decided ({:.0} % of rows), {skipped} skipped",
            review.len(),
            (share * 100.0).floor()
        )),
    ]);
    frame.render_widget(Paragraph::new(line), first);
    let keys = match review.mode() {
        Mode::Search { .. } => " type to search   up down mark   Enter pick   Esc back",
        Mode::Comment { .. } => " Enter keep   Esc leave as it was",
        _ => " a accept  r reject  n none  s skip  / search  c comment  u undo  ? help  q quit",
    };
    frame.render_widget(Paragraph::new(fit(keys, usize::from(area.width))).style(DIM), second);
}

/// A window over the body, as high as it needs to be.
fn window(frame: &mut Frame, area: Rect, height: u16, title: &'static str) -> Rect {
    let height = height.min(area.height);
    let place = Rect {
        x: area.x + 2,
        y: area.y + area.height.saturating_sub(height),
        width: area.width.saturating_sub(4),
        height,
    };
    let block = Block::bordered().title(title);
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    inner
}

fn draw_search(frame: &mut Frame, area: Rect, text: &str, hits: &[(String, String)], marked: usize) {
    // What is searched for stays in sight.
    let inner = window(frame, area, area.height.saturating_sub(3).max(4), " Search ");
    let room = usize::from(inner.width);
    let mut lines = vec![Line::from(vec![
        Span::raw("/"),
        Span::styled(text.to_owned(), BOLD),
        Span::raw("▏"),
    ])];
    if hits.is_empty() && !text.trim().is_empty() {
        lines.push(Line::styled("nothing; use the beginnings of words", DIM));
    }
    let shown = usize::from(inner.height).saturating_sub(1).max(1);
    let first = (marked + 1).saturating_sub(shown);
    let longest = hits.iter().map(|(code, _)| code.chars().count()).max().unwrap_or(0).min(20);
    for (at, (code, display)) in hits.iter().enumerate().skip(first).take(shown) {
        let mark = if at == marked { ">" } else { " " };
        let line = fit(&format!("{mark} {code:longest$}  {display}"), room);
        lines.push(Line::styled(line, if at == marked { BOLD } else { Style::new() }));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_prompt(frame: &mut Frame, area: Rect, title: &'static str, text: &str) {
    let inner = window(frame, area, 3, title);
    let room = usize::from(inner.width).saturating_sub(1);
    // The end of a long text is where it grows.
    let mut shown = text;
    while Span::raw(shown).width() > room {
        let mut characters = shown.chars();
        characters.next();
        shown = characters.as_str();
    }
    frame.render_widget(Paragraph::new(format!("{shown}▏")), inner);
}

fn draw_help(frame: &mut Frame, area: Rect) {
    let inner = window(frame, area, KEYS.len() as u16 + 4, " Keys ");
    let mut lines: Vec<Line> = KEYS
        .iter()
        .map(|(key, what)| Line::from(vec![Span::styled(format!(" {key:<14}"), BOLD), Span::raw(*what)]))
        .collect();
    lines.push(Line::default());
    lines.push(Line::styled(" any key closes this", DIM));
    frame.render_widget(Paragraph::new(lines), inner);
}
