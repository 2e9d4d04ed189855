//! The limits of `tern serve` as options and environment variables. Their defaults are those of `http::Limits`; what each
//! of them protects is told in docs/serve.md.

use super::quantity::{Size, Span};
use crate::ecl;
use crate::fhir::resource_in::CacheLimits;
use crate::fhir::sessions::SessionLimits;
use crate::http::Limits;
use std::sync::LazyLock;

static DEFAULTS: LazyLock<Limits> = LazyLock::new(Limits::default);

/// Limits, under a heading of their own in the help.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Connections at once; further ones wait
    #[arg(long, env = "TERN_CONNECTIONS", default_value_t = DEFAULTS.connections, value_name = "N", value_parser = count)]
    connections: usize,
    /// Time for the head of a request to arrive
    #[arg(long, env = "TERN_HEAD_TIME", default_value_t = Span(DEFAULTS.head), value_name = "TIME")]
    head_time: Span,
    /// Time for the body of a request to arrive
    #[arg(long, env = "TERN_BODY_TIME", default_value_t = Span(DEFAULTS.receive), value_name = "TIME")]
    body_time: Span,
    /// Time that a connection is kept without a request
    #[arg(long, env = "TERN_KEEP_ALIVE", default_value_t = Span(DEFAULTS.keep_alive), value_name = "TIME")]
    keep_alive: Span,
    /// Time that a client may take nothing of its answer
    #[arg(long, env = "TERN_UNREAD_TIME", default_value_t = Span(DEFAULTS.unread), value_name = "TIME")]
    unread_time: Span,
    /// Largest body as it is sent
    #[arg(long, env = "TERN_BODY_BYTES", default_value_t = Size(DEFAULTS.request_bytes), value_name = "SIZE")]
    body_bytes: Size,
    /// Largest body once it is unpacked
    #[arg(long, env = "TERN_UNPACKED_BYTES", default_value_t = Size(DEFAULTS.unpacked_bytes), value_name = "SIZE")]
    unpacked_bytes: Size,
    /// Time that an operation may take
    #[arg(long, env = "TERN_REQUEST_TIME", default_value_t = Span(DEFAULTS.time), value_name = "TIME")]
    request_time: Span,
    /// Heavy requests at once (expansions, searches, batches, writes)
    #[arg(long, env = "TERN_HEAVY", default_value_t = DEFAULTS.heavy, value_name = "N", value_parser = count)]
    heavy: usize,
    /// Heavy requests that wait for their turn; the next is refused with 503
    #[arg(long, env = "TERN_WAITING", default_value_t = DEFAULTS.waiting, value_name = "N")]
    waiting: usize,
    /// Codes of an expansion that is asked for without `count`
    #[arg(long, env = "TERN_EXPANSION_CODES", default_value_t = DEFAULTS.expansion, value_name = "N")]
    expansion_codes: u64,
    /// Entries of a batch, items of a $batch-validate-code
    #[arg(long, env = "TERN_BATCH_ENTRIES", default_value_t = DEFAULTS.batch, value_name = "N", value_parser = count)]
    batch_entries: usize,
    /// Resources on a page of a search
    #[arg(long, env = "TERN_PAGE_RESOURCES", default_value_t = DEFAULTS.largest_page, value_name = "N", value_parser = count)]
    page_resources: usize,
    /// Rows of a concept map that is read whole
    #[arg(long, env = "TERN_MAP_ROWS", default_value_t = DEFAULTS.map_rows, value_name = "N")]
    map_rows: usize,
    /// Resources that come along with a request (tx-resource)
    #[arg(long, env = "TERN_TX_RESOURCES", default_value_t = DEFAULTS.resources.brought, value_name = "N")]
    tx_resources: usize,
    /// Memory for resources that have come along, so that they are read once; 0 for none
    #[arg(long, env = "TERN_CACHE_BYTES", default_value_t = Size(DEFAULTS.resources.bytes), value_name = "SIZE")]
    cache_bytes: Size,
    /// Sessions of $cache-control at once
    #[arg(long, env = "TERN_SESSIONS", default_value_t = DEFAULTS.sessions.sessions, value_name = "N", value_parser = count)]
    sessions: usize,
    /// Memory for the resources of sessions
    #[arg(long, env = "TERN_SESSION_BYTES", default_value_t = Size(DEFAULTS.sessions.bytes), value_name = "SIZE")]
    session_bytes: Size,
    /// Time after which a session that nobody asks for is over
    #[arg(long, env = "TERN_SESSION_TIME", default_value_t = Span(DEFAULTS.sessions.idle), value_name = "TIME")]
    session_time: Span,
    /// Longest expression constraint
    #[arg(long, env = "TERN_ECL_BYTES", default_value_t = Size(DEFAULTS.constraints.length), value_name = "SIZE")]
    ecl_bytes: Size,
    /// Levels of nesting of an expression constraint, at most 100
    #[arg(long, env = "TERN_ECL_NESTING", default_value_t = DEFAULTS.constraints.depth, value_name = "N", value_parser = nesting)]
    ecl_nesting: usize,
    /// Time that an expression constraint may take
    #[arg(long, env = "TERN_ECL_TIME", default_value_t = Span(DEFAULTS.constraints.time), value_name = "TIME")]
    ecl_time: Span,
    /// Steps that an expression constraint may take: relationships, concepts, rows and terms looked at
    #[arg(long, env = "TERN_ECL_WORK", default_value_t = DEFAULTS.constraints.work, value_name = "N")]
    ecl_work: u64,
    /// Memory for the sets that an expression constraint keeps while others are found
    #[arg(long, env = "TERN_ECL_MEMORY", default_value_t = Size(DEFAULTS.constraints.memory), value_name = "SIZE")]
    ecl_memory: Size,
    /// Memory for sets that expression constraints gave, so that they are evaluated once; 0 for none
    #[arg(long, env = "TERN_ECL_CACHE_BYTES", default_value_t = Size(DEFAULTS.constraint_sets), value_name = "SIZE")]
    ecl_cache_bytes: Size,
    /// Targets of algorithmic maps that are kept in memory
    #[arg(long, env = "TERN_MAPPERS", default_value_t = DEFAULTS.mappers, value_name = "N", value_parser = count)]
    mappers: usize,
    /// Streams of /map/TARGET at once
    #[arg(long, env = "TERN_BULK_STREAMS", default_value_t = DEFAULTS.bulk_streams, value_name = "N")]
    bulk_streams: usize,
    /// Largest line of such a stream
    #[arg(long, env = "TERN_BULK_LINE_BYTES", default_value_t = Size(DEFAULTS.bulk_line_bytes), value_name = "SIZE")]
    bulk_line_bytes: Size,
    /// Time after which a stream in which nothing moves is ended
    #[arg(long, env = "TERN_BULK_IDLE", default_value_t = Span(DEFAULTS.bulk_idle), value_name = "TIME")]
    bulk_idle: Span,
}

/// A number of things of which there must be one.
fn count(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write a whole number from 1 on".to_owned())
}

fn nesting(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok();
    let fits = number.filter(|number| (1..=ecl::Limits::DEEPEST).contains(number));
    fits.ok_or_else(|| format!("write a whole number from 1 to {}", ecl::Limits::DEEPEST))
}

impl LimitArgs {
    /// The limits that are asked for.
    pub fn limits(&self) -> Limits {
        Limits {
            request_bytes: self.body_bytes.0,
            unpacked_bytes: self.unpacked_bytes.0,
            receive: self.body_time.0,
            head: self.head_time.0,
            keep_alive: self.keep_alive.0,
            connections: self.connections,
            unread: self.unread_time.0,
            expansion: self.expansion_codes,
            batch: self.batch_entries,
            largest_page: self.page_resources,
            map_rows: self.map_rows,
            resources: CacheLimits {
                bytes: self.cache_bytes.0,
                brought: self.tx_resources,
            },
            sessions: SessionLimits {
                sessions: self.sessions,
                bytes: self.session_bytes.0,
                idle: self.session_time.0,
            },
            constraints: ecl::Limits {
                length: self.ecl_bytes.0,
                depth: self.ecl_nesting,
                time: self.ecl_time.0,
                work: self.ecl_work,
                memory: self.ecl_memory.0,
                ..DEFAULTS.constraints.clone()
            },
            constraint_sets: self.ecl_cache_bytes.0,
            heavy: self.heavy,
            waiting: self.waiting,
            time: self.request_time.0,
            mappers: self.mappers,
            bulk_streams: self.bulk_streams,
            bulk_line_bytes: self.bulk_line_bytes.0,
            bulk_idle: self.bulk_idle.0,
            ..DEFAULTS.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        limits: LimitArgs,
    }

    #[test]
    fn without_options_the_limits_are_the_defaults() {
        assert_eq!(Line::parse_from(["tern"]).limits.limits(), Limits::default());
    }

    #[test]
    fn each_option_changes_its_limit_and_a_bad_value_is_refused_with_a_remedy() {
        let command = <Line as clap::CommandFactory>::command();
        for option in command.get_arguments().filter(|option| option.get_long() != Some("help")) {
            let name = format!("--{}", option.get_long().unwrap());
            let line = Line::try_parse_from(["tern", &name, "77"]).unwrap_or_else(|error| panic!("{error}"));
            assert_ne!(line.limits.limits(), Limits::default(), "{name}");
            let variable = option.get_env().unwrap().to_str().unwrap();
            assert_eq!(variable, format!("TERN_{}", name[2..].replace('-', "_").to_uppercase()));
            let error = Line::try_parse_from(["tern", &name, "many"]).unwrap_err().to_string();
            assert!(error.contains(&name), "{error}");
        }
    }
}
