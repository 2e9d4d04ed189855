//! Which version of a code system an include means, with the version parameters of the request.
//!
//! `force-system-version` overrides whatever is stated; a stated version comes next; `system-version` and then
//! `check-system-version` serve as defaults where none is stated; else it is the latest. Whatever was chosen, a
//! `check-system-version` must agree with the result. Versions of value sets are chosen likewise, by the parameters named
//! for them.

use crate::service::parameters::Parameters;
use crate::service::version;
use tern_index::model::Canonical;

/// Why a version was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing was said: the latest.
    Latest,
    /// The value set states it.
    Stated,
    /// `system-version`
    Default,
    /// `check-system-version`, as a default.
    Check,
    /// `force-system-version`
    Forced,
}

/// A version to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The version or pattern; `None` for the latest.
    pub version: Option<String>,
    /// Why.
    pub reason: Reason,
}

fn of<'p>(list: &'p [Canonical], url: &str) -> Option<&'p str> {
    list.iter().find(|canonical| canonical.url == url)?.version.as_deref()
}

/// Chooses the version for an include of `url` that states `stated`.
pub fn choose(parameters: &Parameters, url: &str, stated: Option<&str>) -> Choice {
    let forced = of(&parameters.force_system_versions, url).map(|version| (version, Reason::Forced));
    let default = of(&parameters.system_versions, url).map(|version| (version, Reason::Default));
    let check = of(&parameters.check_system_versions, url).map(|version| (version, Reason::Check));
    let chosen = forced
        .or(stated.map(|version| (version, Reason::Stated)))
        .or(default)
        .or(check);
    match chosen {
        Some((version, reason)) => Choice {
            version: Some(version.to_owned()),
            reason,
        },
        None => Choice {
            version: None,
            reason: Reason::Latest,
        },
    }
}

/// The version that `check-system-version` demands, if `found` is not it.
pub fn failed_check<'p>(parameters: &'p Parameters, url: &str, found: Option<&str>) -> Option<&'p str> {
    let wanted = of(&parameters.check_system_versions, url)?;
    (!found.is_some_and(|found| version::matches(found, wanted))).then_some(wanted)
}

/// A value set to look for, and the parameter that chose its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSetChoice {
    /// The value set; without a version the latest.
    pub wanted: Canonical,
    /// The parameter, if it was one.
    pub parameter: Option<&'static str>,
}

/// Chooses the version for a reference to a value set, by the parameters of the same meaning.
pub fn choose_value_set(parameters: &Parameters, named: &Canonical) -> ValueSetChoice {
    let by = |list: &[Canonical], name| of(list, &named.url).map(|version| (version.to_owned(), Some(name)));
    let chosen = by(&parameters.force_value_set_versions, "force-valueset-version")
        .or_else(|| named.version.clone().map(|version| (version, None)))
        .or_else(|| by(&parameters.default_value_set_versions, "default-valueset-version"))
        .or_else(|| by(&parameters.check_value_set_versions, "check-valueset-version"));
    let (version, parameter) = chosen.map_or((None, None), |(version, parameter)| (Some(version), parameter));
    ValueSetChoice {
        wanted: Canonical::new(&named.url, version),
        parameter,
    }
}

/// The version that `check-valueset-version` demands, if `found` is not it.
pub fn failed_value_set_check<'p>(parameters: &'p Parameters, url: &str, found: Option<&str>) -> Option<&'p str> {
    let wanted = of(&parameters.check_value_set_versions, url)?;
    (!found.is_some_and(|found| version::matches(found, wanted))).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters {
        let list = |version: &str| vec![Canonical::new("u", Some(version.to_owned()))];
        Parameters {
            system_versions: list("1"),
            check_system_versions: list("2.x"),
            ..Parameters::default()
        }
    }

    #[test]
    fn forced_before_stated_before_default() {
        let mut given = parameters();
        assert_eq!(choose(&given, "u", Some("3")).reason, Reason::Stated);
        assert_eq!(choose(&given, "u", None).version.as_deref(), Some("1"));
        assert_eq!(choose(&given, "other", None).reason, Reason::Latest);
        given.force_system_versions = vec![Canonical::new("u", Some("4".into()))];
        assert_eq!(choose(&given, "u", Some("3")).version.as_deref(), Some("4"));
        assert_eq!(failed_check(&given, "u", Some("4")), Some("2.x"));
        assert_eq!(failed_check(&given, "u", Some("2.7")), None);
    }
}
