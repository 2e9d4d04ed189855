//! `tern convert`: a mapping set from one format to another; the mapper's formats do the work.

use super::error::{CliError, Exit};
use super::map::{failed, notes};
use super::output::thousands;
use crate::mapper::{Format, MapError, SetOptions, read_mapping_set, write_mapping_set};
use std::path::PathBuf;

/// Convert a mapping set between SSSOM, ConceptMap, OMOP, Usagi and tables
///
/// Reads what `tern map` writes, SSSOM TSV, FHIR ConceptMap (R4 and R5), OMOP source_to_concept_map and Usagi's export,
/// and writes any of them. What a format has no place for is carried in columns, properties or extensions of ours, so
/// that it comes back; --bare leaves them out and says what is lost. "-" is standard input or output.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern convert reviewed.usagi.csv labs.sssom.tsv\n  \
    tern convert mapped.csv labs.r4.json\n  \
    tern convert map.json - --to omop --omop-concepts CONCEPT.csv --bare")]
pub struct ConvertArgs {
    /// The file to read
    input: PathBuf,
    /// The file to write
    output: PathBuf,
    /// Format of the input, where its content does not say it: csv, tsv, ndjson, xlsx, parquet, sssom, conceptmap-r4,
    /// conceptmap-r5, omop, usagi
    #[arg(long, value_name = "FORMAT")]
    from: Option<String>,
    /// Format of the output, where its name does not say it
    #[arg(long, value_name = "FORMAT")]
    to: Option<String>,
    /// CONCEPT table of the OMOP vocabularies, for the concept ids of omop and usagi
    #[arg(long, value_name = "FILE")]
    omop_concepts: Option<PathBuf>,
    /// Write only what the format itself defines
    #[arg(long)]
    bare: bool,
}

/// Runs the command.
pub fn run(args: &ConvertArgs) -> Result<Exit, CliError> {
    convert(args).map_err(failed)?;
    Ok(Exit::Success)
}

fn convert(args: &ConvertArgs) -> Result<(), MapError> {
    if args.input == args.output && args.input.as_os_str() != "-" {
        return Err(MapError::SameFile {
            path: args.input.display().to_string(),
        });
    }
    let named = |name: &Option<String>| name.as_deref().map(Format::parse).transpose();
    let to = match named(&args.to)? {
        Some(format) => format,
        None => Format::of_path(&args.output)?,
    };
    let options = SetOptions {
        format: named(&args.from)?,
        omop_concepts: args.omop_concepts.clone(),
        bare: args.bare,
    };
    let read = read_mapping_set(&args.input, &options)?;
    let lost = write_mapping_set(&read.set, &args.output, to, &options)?;
    eprintln!(
        "{} mappings, {} to {}",
        thousands(read.set.rows.len() as u64),
        read.format.as_str(),
        to.as_str()
    );
    if !read.lost.is_empty() {
        eprintln!("Not read, since they say nothing of a mapping: {}", read.lost.join(", "));
    }
    notes(&lost, to, args.omop_concepts.is_some());
    Ok(())
}
