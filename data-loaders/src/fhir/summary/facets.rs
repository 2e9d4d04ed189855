//! From the elements of a resource to its facets.

use super::{Facet, FacetOf, each};
use crate::fhir::json::Node;

fn text(node: &Node<'_>, name: &str) -> Option<String> {
    node.get(name).and_then(Node::as_str).map(str::to_owned)
}

/// A value that may also be a number.
fn plain(node: &Node<'_>, name: &str) -> Option<String> {
    match node.get(name)? {
        Node::String(text) => Some(text.to_string()),
        Node::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn facet(of: FacetOf, system: Option<String>, value: String) -> Facet {
    Facet {
        of,
        group: 0,
        system,
        value,
    }
}

/// Codes of a coding, or of a codeable concept.
fn codes<'n>(of: FacetOf, node: &'n Node<'n>) -> impl Iterator<Item = Facet> + 'n {
    let codings = node.get("coding").unwrap_or(node);
    each(codings).filter_map(move |coding| Some(facet(of, text(coding, "system"), text(coding, "code")?)))
}

/// What `meta` says.
pub(super) fn of_meta(node: &Node<'_>, facets: &mut Vec<Facet>) {
    for profile in node.get("profile").into_iter().flat_map(each).filter_map(Node::as_str) {
        facets.push(facet(FacetOf::Profile, None, profile.to_owned()));
    }
    for (name, of) in [("tag", FacetOf::Tag), ("security", FacetOf::Security)] {
        facets.extend(node.get(name).into_iter().flat_map(each).flat_map(|one| codes(of, one)));
    }
    facets.extend(text(node, "source").map(|source| facet(FacetOf::Source, None, source)));
}

/// What an element of a resource says.
pub(super) fn of(name: &str, node: &Node<'_>, facets: &mut Vec<Facet>) {
    match name {
        "useContext" => each(node)
            .enumerate()
            .for_each(|(group, one)| use_context(group, one, facets)),
        "relatedArtifact" => {
            for one in each(node) {
                // R5 has the canonical in `resource`, R4 too.
                let resource = text(one, "resource").or_else(|| text(one.get("resourceReference")?, "reference"));
                facets.extend(resource.map(|resource| facet(FacetOf::Related, text(one, "type"), resource)));
            }
        }
        "effectivePeriod" => facets.extend(period(FacetOf::Effective, node)),
        "topic" => facets.extend(each(node).flat_map(|one| codes(FacetOf::Topic, one))),
        "expansion" => facets.extend(text(node, "identifier").map(|own| facet(FacetOf::Expansion, None, own))),
        "property" => {
            let uris = each(node).filter_map(|one| text(one, "uri"));
            facets.extend(uris.map(|uri| facet(FacetOf::MappingProperty, None, uri)));
        }
        "contact" => {
            for one in each(node) {
                facets.extend(text(one, "name").map(|name| facet(FacetOf::Contact, None, name)));
                let numbers = one.get("telecom").into_iter().flat_map(each);
                facets.extend(numbers.filter_map(|one| Some(facet(FacetOf::Telecom, text(one, "use"), text(one, "value")?))));
            }
        }
        "uniqueId" => {
            let periods = each(node).filter_map(|one| one.get("period"));
            facets.extend(periods.filter_map(|one| period(FacetOf::IdPeriod, one)));
        }
        "type" => facets.extend(codes(FacetOf::SystemType, node)),
        _ => {}
    }
}

/// `start/end`; what is open has nothing there.
fn period(of: FacetOf, node: &Node<'_>) -> Option<Facet> {
    let (start, end) = (text(node, "start"), text(node, "end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    let value = format!("{}/{}", start.unwrap_or_default(), end.unwrap_or_default());
    Some(facet(of, None, value))
}

fn use_context(group: usize, node: &Node<'_>, facets: &mut Vec<Facet>) {
    let of_group = |one: Facet| Facet { group, ..one };
    if let Some(code) = node.get("code") {
        facets.extend(codes(FacetOf::ContextType, code).map(of_group));
    }
    if let Some(concept) = node.get("valueCodeableConcept") {
        facets.extend(codes(FacetOf::Context, concept).map(of_group));
    }
    facets.extend(node.get("valueQuantity").and_then(|one| quantity(one, one)).map(of_group));
    if let Some(range) = node.get("valueRange") {
        let (low, high) = (range.get("low"), range.get("high"));
        facets.extend(low.or(high).and_then(|known| quantity_of(known, low, high)).map(of_group));
    }
}

fn quantity(low: &Node<'_>, high: &Node<'_>) -> Option<Facet> {
    quantity_of(low, Some(low), Some(high))
}

/// `low..high code`, with the system of the unit.
fn quantity_of(unit: &Node<'_>, low: Option<&Node<'_>>, high: Option<&Node<'_>>) -> Option<Facet> {
    let number = |node: Option<&Node<'_>>| node.and_then(|node| plain(node, "value")).unwrap_or_default();
    let code = text(unit, "code").or_else(|| text(unit, "unit")).unwrap_or_default();
    let (low, high) = (number(low), number(high));
    let known = !low.is_empty() || !high.is_empty();
    known.then(|| {
        facet(
            FacetOf::ContextQuantity,
            text(unit, "system"),
            format!("{low}..{high} {code}"),
        )
    })
}
