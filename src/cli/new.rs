//! `gradc new`: a first file to change, with comments that teach.

use super::output::reason;
use super::{Failure, Status, Talk, args, output};
use crate::diagnostics::near::nearest;
use crate::diagnostics::render::printable;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file to begin with.
struct Template {
    name: &'static str,
    summary: &'static str,
    /// Its text, with `NAME` for the network's name.
    text: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "mlp",
        summary: "dense layers on two classes: params, data, report, expect",
        text: include_str!("templates/mlp.net"),
    },
    Template {
        name: "residual",
        summary: "a deep network with skips: blocks, repeat, init rules",
        text: include_str!("templates/residual.net"),
    },
    Template {
        name: "rnn",
        summary: "a recurrent network on a sequence: how far the loss reaches back through time",
        text: include_str!("templates/rnn.net"),
    },
    Template {
        name: "conv",
        summary: "a convolutional network on images: channels, kernels, pooling",
        text: include_str!("templates/conv.net"),
    },
    Template {
        name: "activation",
        summary: "an activation, a loss and an init rule of your own",
        text: include_str!("templates/activation.net"),
    },
];

pub(super) fn run(arguments: &args::New, talk: &Talk) -> Result<Status, Failure> {
    if arguments.list {
        let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or(0);
        let lines = TEMPLATES.iter().map(|template| format!("{:width$}  {}\n", template.name, template.summary));
        output::write(lines.collect::<String>().as_bytes(), None)?;
        return Ok(Status::Well);
    }
    let wanted = arguments.template.as_str();
    let template = TEMPLATES.iter().find(|template| template.name == wanted).ok_or_else(|| unknown(wanted))?;
    let path = arguments.name.clone().unwrap_or_else(|| PathBuf::from(template.name));
    let path = if path.extension().is_some_and(|extension| extension == "net") {
        path
    } else {
        let mut with_extension = path.into_os_string();
        with_extension.push(".net");
        PathBuf::from(with_extension)
    };
    let text = template.text.replace("NAME", &network_name(&path));
    create(&path, &text).map_err(|error| refused(&path, &error))?;
    let name = path.display().to_string();
    let quoted = if name.contains(' ') { format!("'{name}'") } else { name.clone() };
    talk.say(&printable(&format!("wrote {name}; run it with: gradc run {quoted}")));
    talk.say("\n");
    Ok(Status::Well)
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::wrong(format!("there is a file `{name}` already"))
            .help("choose another name: `gradc new NAME`");
    }
    Failure::not_done(format!("cannot write `{name}`: {}", reason(error)))
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::wrong(format!("there is no template `{name}`"));
    match nearest(name, TEMPLATES.iter().map(|template| template.name)) {
        Some(near) => failure.help(format!("a template has a similar name: `{near}`")),
        None => failure.help("`gradc new --list` lists them"),
    }
}

/// The file's name as a name of the language.
fn network_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let letters = stem.chars().map(|character| if character.is_alphanumeric() { character } else { '_' });
    let name: String =
        letters.filter(|letter| letter.is_alphabetic() || letter.is_ascii_digit() || *letter == '_').collect();
    match name.chars().next() {
        Some(first) if (first.is_alphabetic() || first == '_') && !is_reserved(&name) => name,
        _ => format!("net_{name}"),
    }
}

/// Whether the language has the word for itself.
fn is_reserved(name: &str) -> bool {
    crate::syntax::RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{TEMPLATES, network_name};
    use crate::source::{Source, Sources};
    use crate::syntax::format::{WIDTH, format};
    use std::path::Path;

    #[test]
    fn a_file_name_becomes_a_name() {
        let names =
            [("digits.net", "digits"), ("a/my-net.net", "my_net"), ("2nd.net", "net_2nd"), ("if.net", "net_if")];
        for (path, name) in names {
            assert_eq!(network_name(Path::new(path)), name, "{path}");
        }
    }

    #[test]
    fn templates_are_in_the_one_style() {
        for template in TEMPLATES {
            let mut sources = Sources::new();
            let id = sources.add(Source::new(template.name, template.text));
            assert_eq!(format(&sources, id).as_deref(), Ok(template.text), "{}", template.name);
            assert!(template.text.lines().all(|line| line.chars().count() <= WIDTH), "{}", template.name);
        }
    }
}
