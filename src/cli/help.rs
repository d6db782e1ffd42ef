//! What stands under the options of each help: examples and exit statuses. Headings look as clap's own do, and lose their look
//! where nobody wants it. No line is wider than a terminal of 80 columns.

/// Of the whole program.
pub(super) const WHOLE: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc run digits.net                  run it: where do its gradients vanish?
  gradc run digits.net --set act=relu   the same with one parameter changed
  gradc stuck digits.net                a saddle, a minimum, or a plateau?
  gradc check digits.net                every mistake, shapes, memory; no run
  gradc phase digits.net                which weights keep its gradient: a map
  gradc test                            hold every report to its snapshot
  gradc explain E0201                   what a code means, and how to mend it
  generate | gradc run -                a network from standard input

\u{1b}[1;4mExit status:\u{1b}[0m
  0  all is well
  1  an `expect` or a snapshot does not hold
  2  the command line or the file is wrong
  3  it could not be done: a data file missing or damaged, not enough memory

`gradc COMMAND --help` says more of each; docs/language.md is the guide to the
language.";

/// Of `run`.
pub(super) const RUN: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc run digits.net
  gradc run digits.net --set 'act=swish(beta: 2)' --seed 7
  gradc run digits.net --format json --output digits.json
  gradc run digits.net --dump digits.safetensors   every gradient, for PyTorch
  gradc run digits.net --resume       go on after a break, from the checkpoint

\u{1b}[1;4mExit status:\u{1b}[0m
  0  all is well, whatever was found of the gradients
  1  an `expect` of the file does not hold
  2  the command line or the file is wrong
  3  it could not be done: a data file missing or damaged, not enough memory";

/// Of `stuck`.
pub(super) const STUCK: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc stuck digits.net             train it, then look around
  gradc stuck digits.net --resume    look at where its checkpoint stands
  gradc stuck digits.net --format json

docs/stuck.md says what is measured and how it is judged.

\u{1b}[1;4mExit status:\u{1b}[0m
  0  all is well, whatever was found
  2  the command line or the file is wrong
  3  it could not be done: a data file missing or damaged, not enough memory";

/// Of `check`.
pub(super) const CHECK: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc check digits.net
  gradc check examples/*.net --format json
  gradc check digits.net --fix        mend what can be mended without doubt
  gradc check digits.net --set width=4000 --memory-limit 2GB

\u{1b}[1;4mExit status:\u{1b}[0m
  0  no errors; there may be warnings
  2  the command line or a file is wrong
  3  the only errors are of data files, missing or damaged";

/// Of `emit`.
pub(super) const EMIT: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc emit --stage model digits.net       what the file means
  gradc emit --stage graph digits.net       forward and backward pass
  gradc emit --stage kernels digits.net --statistics   all that a run computes";

/// Of `phase`.
pub(super) const PHASE: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc phase digits.net
  gradc phase digits.net --set act=tanh
  gradc phase digits.net --format svg --output phase.svg

\u{1b}[1;4mExit status:\u{1b}[0m
  0  it is drawn
  2  the command line or the file is wrong, or the network has no elementwise
     activation behind a layer with weights
  3  the only errors are of data files, missing or damaged";

/// Of `explain`.
pub(super) const EXPLAIN: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc explain --list     every code with its title
  gradc explain E0201      a mistake
  gradc explain G0001      a finding about gradients";

/// Of `fmt`.
pub(super) const FMT: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc fmt digits.net         write it in the one style
  gradc fmt --check .          name the files below this folder that differ
  gradc fmt --diff digits.net  show what would change

\u{1b}[1;4mExit status:\u{1b}[0m
  0  every file is in the style now
  1  with --check: a file is not
  2  a file has mistakes of syntax and is left alone";

/// Of `reference`.
pub(super) const REFERENCE: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc reference               every word
  gradc reference swish         its formula and its derivative
  gradc reference activations   all of them";

/// Of `new`.
pub(super) const NEW: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc new digits                         digits.net, dense layers
  gradc new deep --template residual       deep.net, a network with skips
  gradc new --list                         what there is to begin with";

/// Of `test`.
pub(super) const TEST: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc test                          every .net file here and in the folders below
  gradc test --accept-new             keep the reports of files without a snapshot
  gradc test --accept nets/deep.net   its report has changed, and rightly so
  gradc test --check --format junit --output gradc.xml
                                      in continuous integration
  gradc test --suggest nets/deep.net  `expect` lines for it

The snapshot of deep.net is deep.net.snap beside it; commit both. What
.gitignore and .ignore leave out is not tested. docs/testing.md says more.

\u{1b}[1;4mExit status:\u{1b}[0m
  0  every report is as its snapshot has it, and every `expect` holds
  1  one has changed, an `expect` does not hold, or a snapshot is stale
  2  a file has mistakes that no snapshot holds, or the command line is wrong
  3  a run could not be done";

/// Of `sweep`.
pub(super) const SWEEP: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc sweep depth.net                        a table and a map
  gradc sweep depth.net --output depth.csv     a row a run, as they come
  gradc sweep depth.net --output depth.csv --resume
                                               go on after an interruption
  gradc sweep depth.net --set act=relu         one value instead of all
  gradc sweep depth.net --shard 2/8 --output part2.csv
                                               one of eight machines' share
  gradc sweep depth.net --format svg --map loss --output loss.svg

docs/sweeps.md has the columns, and recipes for Slurm and GNU parallel.

\u{1b}[1;4mExit status:\u{1b}[0m
  0  every run has its row, also those that could not be done
  2  the command line or the file is wrong
  3  it could not be done, or was interrupted";

/// Of `merge`.
pub(super) const MERGE: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc merge part*.csv --output all.csv
  gradc merge all.csv --format text
  gradc merge all.csv --format svg --output map.svg

\u{1b}[1;4mExit status:\u{1b}[0m
  0  all is well
  2  a file is no file of rows, or they do not belong together";

/// Of `diff`.
pub(super) const DIFF: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc diff sigmoid.net relu.net      runs both
  gradc diff before.json after.json    reports of `gradc run --format json`
  gradc diff deep.net.snap deep.net    what `gradc test` compares

\u{1b}[1;4mExit status:\u{1b}[0m
  0  the reports are equal
  1  they differ
  2  a file or the command line is wrong
  3  a run could not be done";

/// Of `fix`.
pub(super) const FIX: &str = "\
\u{1b}[1;4mExamples:\u{1b}[0m
  gradc fix deep.net                   what would help, and what it costs
  gradc fix deep.net --apply 1         make the best of them
  gradc fix deep.net --steps 1000 --seeds 10 --format json

docs/remedies.md says what is tried, and when a change is said to help.

\u{1b}[1;4mExit status:\u{1b}[0m
  0  the changes were tried, whatever came of it
  2  the command line or the file is wrong
  3  it could not be done, or was interrupted";
