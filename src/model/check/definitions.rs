//! What the prelude and the file define: activations, losses, init rules and blocks, by name. Each definition of the file is
//! checked once, whether used or not; one that is broken causes no error at its uses.

use super::evaluate::{State, describe};
use super::recursion::{callee_kind, callees_first, calls};
use super::value::{Context, FAN_NAMES, Fans, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::diagnostics::{arguments, names, values};
use crate::model::intrinsics::{self, ROW_FUNCTIONS};
use crate::model::{layers, settings};
use crate::scalar::{self, Function};
use crate::source::Span;
use crate::syntax::ast::{Block, Definition, DefinitionKind, File, Item, Parameter, PoisonedRole};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A definition of the prelude or the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DefinitionId(usize);

/// A block of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlockId(usize);

impl BlockId {
    /// Its number among the blocks of the file.
    pub(super) fn position(self) -> usize {
        self.0
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup<T> {
    Found(T),
    /// A broken statement defines it.
    Poisoned,
    Missing,
}

#[derive(Debug)]
struct Entry<'a> {
    definition: &'a Definition,
    home: Home,
    broken: bool,
}

#[derive(Debug)]
struct BlockEntry<'a> {
    block: &'a Block,
    broken: bool,
}

/// Every definition, by kind and name.
#[derive(Debug, Default)]
pub(super) struct Definitions<'a> {
    entries: Vec<Entry<'a>>,
    blocks: Vec<BlockEntry<'a>>,
    prelude: HashMap<(DefinitionKind, &'a str), DefinitionId>,
    user: HashMap<(DefinitionKind, &'a str), DefinitionId>,
    block_names: HashMap<&'a str, BlockId>,
    poisoned: HashSet<(DefinitionKind, &'a str)>,
    poisoned_blocks: HashSet<&'a str>,
    /// How often all names were listed.
    searches: Cell<usize>,
}

impl<'a> Definitions<'a> {
    /// The definition a name stands for, seen from the prelude or the file.
    pub(super) fn find(&self, kind: DefinitionKind, name: &str, home: Home) -> Lookup<DefinitionId> {
        if home == Home::User {
            if let Some(id) = self.user.get(&(kind, name)) {
                return Lookup::Found(*id);
            }
            if self.poisoned.contains(&(kind, name)) {
                return Lookup::Poisoned;
            }
        }
        self.prelude.get(&(kind, name)).map_or(Lookup::Missing, |id| Lookup::Found(*id))
    }

    /// The definition of a name in the file.
    pub(super) fn in_the_file(&self, kind: DefinitionKind, name: &str) -> Option<&'a Definition> {
        self.user.get(&(kind, name)).map(|id| self.get(*id))
    }

    /// The block a name stands for.
    pub(super) fn find_block(&self, name: &str) -> Lookup<BlockId> {
        match self.block_names.get(name) {
            Some(id) => Lookup::Found(*id),
            None if self.poisoned_blocks.contains(name) => Lookup::Poisoned,
            None => Lookup::Missing,
        }
    }

    pub(super) fn get(&self, id: DefinitionId) -> &'a Definition {
        self.entries[id.0].definition
    }

    pub(super) fn home(&self, id: DefinitionId) -> Home {
        self.entries[id.0].home
    }

    pub(super) fn is_broken(&self, id: DefinitionId) -> bool {
        self.entries[id.0].broken
    }

    pub(super) fn block(&self, id: BlockId) -> &'a Block {
        self.blocks[id.0].block
    }

    /// Its uses are not reported.
    pub(super) fn break_block(&mut self, id: BlockId) {
        self.blocks[id.0].broken = true;
    }

    pub(super) fn is_block_broken(&self, id: BlockId) -> bool {
        self.blocks[id.0].broken
    }

    /// The parameters after those that the network passes: `x` of an activation, `y` and `t` of a loss.
    pub(super) fn own_parameters(&self, id: DefinitionId) -> &'a [Parameter] {
        let definition = self.get(id);
        &definition.parameters[passed(definition.kind).len().min(definition.parameters.len())..]
    }

    /// All parameters.
    pub(super) fn parameters(&self, id: DefinitionId) -> &'a [Parameter] {
        &self.get(id).parameters
    }

    /// Every name of a kind that can be used, sorted, for near misses; none once it was asked for so often that listing them
    /// would take longer than anybody reads.
    pub(super) fn names(&self, kind: DefinitionKind, home: Home) -> Vec<&'a str> {
        self.searches.set(self.searches.get() + 1);
        if self.searches.get() > Limits::SEARCHES {
            return Vec::new();
        }
        let user = self.user.keys().filter(|_| home == Home::User);
        let mut names: Vec<&str> =
            user.chain(self.prelude.keys()).filter(|key| key.0 == kind).map(|key| key.1).collect();
        if home == Home::User {
            names.extend(self.poisoned.iter().filter(|key| key.0 == kind).map(|key| key.1));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every block's name, sorted.
    pub(super) fn block_names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.block_names.keys().chain(self.poisoned_blocks.iter()).copied().collect();
        names.sort_unstable();
        names
    }

    /// The file's definitions, in order of the text.
    pub(super) fn of_the_file(&self) -> impl Iterator<Item = (DefinitionId, &'a Definition)> {
        self.entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.home == Home::User)
            .map(|(index, entry)| (DefinitionId(index), entry.definition))
    }

    /// The blocks, in order of the text.
    pub(super) fn all_blocks(&self) -> impl Iterator<Item = (BlockId, &'a Block)> {
        self.blocks.iter().enumerate().map(|(index, entry)| (BlockId(index), entry.block))
    }
}

/// The parameters that the network passes itself, as the prelude calls them.
const fn passed(kind: DefinitionKind) -> &'static [&'static str] {
    match kind {
        DefinitionKind::Activation => &["x"],
        DefinitionKind::Loss => &["y", "t"],
        DefinitionKind::Init => &[],
    }
}

impl<'a> Checker<'a> {
    /// Enters the prelude's definitions, then the file's, with what is wrong about their names.
    pub(super) fn collect_definitions(&mut self, prelude: &'a File, file: &'a File) {
        for item in &prelude.items {
            if let Item::Definition(definition) = item {
                let id = self.enter(definition, Home::Prelude);
                self.definitions.prelude.insert((definition.kind, &definition.name.name), id);
            }
        }
        for poisoned in &file.poisoned {
            let name = poisoned.name.name.as_str();
            match poisoned.role {
                PoisonedRole::Definition(kind) => _ = self.definitions.poisoned.insert((kind, name)),
                PoisonedRole::Block => _ = self.definitions.poisoned_blocks.insert(name),
                PoisonedRole::Param | PoisonedRole::Label | PoisonedRole::Setting | PoisonedRole::Network => {}
            }
        }
        for item in &file.items {
            match item {
                Item::Definition(definition) => self.collect_definition(definition),
                Item::Block(block) => self.collect_block(block),
                Item::Language { .. } | Item::Param { .. } | Item::Network(_) | Item::Settings(_) | Item::Expect(_) => {
                }
            }
        }
    }

    fn enter(&mut self, definition: &'a Definition, home: Home) -> DefinitionId {
        let entries = &mut self.definitions.entries;
        entries.push(Entry { definition, home, broken: false });
        DefinitionId(entries.len() - 1)
    }

    fn collect_definition(&mut self, definition: &'a Definition) {
        let (kind, name) = (definition.kind, &definition.name);
        let id = self.enter(definition, Home::User);
        if kind == DefinitionKind::Activation
            && let Some(what) = reserved_layer_name(&name.name)
        {
            self.report(names::belongs_to_the_language(name, what));
            return;
        }
        if let Some(first) = self.definitions.user.get(&(kind, name.name.as_str())) {
            let first = &self.definitions.get(*first).name;
            self.report(names::defined_twice(name, first.span, kind.keyword()));
            return;
        }
        if kind == DefinitionKind::Activation
            && let Lookup::Found(block) = self.definitions.find_block(&name.name)
        {
            let first = &self.definitions.block(block).name;
            self.report(names::defined_twice(name, first.span, "block"));
            return;
        }
        self.definitions.user.insert((kind, &name.name), id);
    }

    fn collect_block(&mut self, block: &'a Block) {
        let name = &block.name;
        self.definitions.blocks.push(BlockEntry { block, broken: false });
        let id = BlockId(self.definitions.blocks.len() - 1);
        if let Some(what) = reserved_layer_name(&name.name) {
            self.report(names::belongs_to_the_language(name, what));
            return;
        }
        if let Some(first) = self.definitions.block_names.get(name.name.as_str()) {
            let first = &self.definitions.block(*first).name;
            self.report(names::defined_twice(name, first.span, "block"));
            return;
        }
        if let Some(first) = self.definitions.user.get(&(DefinitionKind::Activation, name.name.as_str())) {
            let first = &self.definitions.get(*first).name;
            self.report(names::defined_twice(name, first.span, "activation"));
            return;
        }
        self.definitions.block_names.insert(&name.name, id);
    }

    /// Checks every definition of the file on its own, those it calls first.
    pub(super) fn check_definitions(&mut self) {
        let ids: Vec<DefinitionId> = self.definitions.of_the_file().map(|(id, _)| id).collect();
        // The file's definitions stand behind the prelude's.
        let first = ids.first().map_or(0, |id| id.0);
        let callees: Vec<Vec<(usize, Span)>> = ids
            .iter()
            .map(|id| {
                let definition = self.definitions.get(*id);
                calls(definition)
                    .into_iter()
                    .filter_map(|callee| {
                        match self.definitions.find(callee_kind(definition.kind), &callee.name, Home::User) {
                            Lookup::Found(found) => Some((found.0.checked_sub(first)?, callee.span)),
                            Lookup::Poisoned | Lookup::Missing => None,
                        }
                    })
                    .collect()
            })
            .collect();
        let (order, cycles) = callees_first(&callees);
        for cycle in cycles {
            let members: Vec<&'a Definition> = cycle.iter().map(|at| self.definitions.get(ids[at.0])).collect();
            let (_, call) = *cycle.last().expect("a cycle has a member");
            let names: Vec<&str> = members.iter().map(|member| member.name.name.as_str()).collect();
            self.report(names::recursive(members[0].kind.keyword(), &members[0].name, call, &names));
            for (at, _) in cycle {
                self.definitions.entries[ids[at].0].broken = true;
            }
        }
        for at in order {
            let id = ids[at];
            if self.definitions.is_broken(id) {
                continue;
            }
            let before = self.sink.errors;
            self.check_definition(id);
            if self.sink.errors > before {
                self.definitions.entries[id.0].broken = true;
            }
        }
    }

    /// Checks one definition for itself: parameters as their defaults say, what the network passes as nodes.
    fn check_definition(&mut self, id: DefinitionId) {
        let definition = self.definitions.get(id);
        self.check_parameter_names(&definition.parameters, definition.kind);
        if definition.parameters.len() > Limits::PARAMETERS {
            return;
        }
        let passed = passed(definition.kind);
        if definition.parameters.len() < passed.len() {
            self.report(arguments::definition_lacks_parameters(definition.kind.keyword(), &definition.name, passed));
            return;
        }
        for parameter in &definition.parameters[..passed.len()] {
            if let Some(default) = &parameter.default {
                self.report(arguments::passed_parameter_has_default(
                    definition.kind.keyword(),
                    &parameter.name,
                    default.span,
                ));
            }
        }
        match definition.kind {
            DefinitionKind::Activation => {
                let mut state = State::building(Context::Plain, scalar::Builder::new(1));
                let x = state.builder.as_mut().expect("it builds").argument(0);
                let given = vec![Some(Valued { value: Value::Scalar(x), span: definition.parameters[0].name.span })];
                self.check_expression_body(id, given, &mut state);
            }
            DefinitionKind::Loss => {
                let (mut state, given) = loss_state(definition, None);
                self.check_expression_body(id, given, &mut state);
            }
            DefinitionKind::Init => {
                let scope = self.bind_generic(id, &mut State::known(Context::Init(None)));
                self.initializer(&definition.body, &scope, None);
            }
        }
    }

    fn check_expression_body(&mut self, id: DefinitionId, mut given: Vec<Option<Valued<'a>>>, state: &mut State<'a>) {
        let definition = self.definitions.get(id);
        given.resize(definition.parameters.len(), None);
        let scope = self.bind_definition(id, given, state);
        for parameter in self.definitions.own_parameters(id) {
            self.check_default(parameter, &scope);
        }
        match self.evaluate(&definition.body, &scope, state) {
            Value::Number(_) | Value::Scalar(_) | Value::Unknown => {}
            other => self.report(arguments::wrong_type(definition.body.span, "a number", &describe(&other))),
        }
    }

    fn bind_generic(&mut self, id: DefinitionId, state: &mut State<'a>) -> Rc<Scope<'a>> {
        let given = vec![None; self.definitions.parameters(id).len()];
        let scope = self.bind_definition(id, given, state);
        for parameter in self.definitions.own_parameters(id) {
            self.check_default(parameter, &scope);
        }
        scope
    }

    /// A default of a definition is a number or a truth value.
    fn check_default(&mut self, parameter: &'a Parameter, scope: &Rc<Scope<'a>>) {
        let Some(default) = &parameter.default else { return };
        let value = scope.find(&parameter.name.name).map(|valued| valued.value.clone());
        match value {
            Some(Value::Number(_) | Value::Boolean(_) | Value::Unknown) | None => {}
            Some(other) => {
                self.report(arguments::wrong_type(default.span, "a number or a truth value", &describe(&other)));
            }
        }
    }

    /// Parameters of one name, and those of a name that is in scope by itself.
    pub(super) fn check_parameter_names(&mut self, parameters: &'a [Parameter], kind: DefinitionKind) {
        self.check_names_of(parameters, kind == DefinitionKind::Init);
    }

    /// The same for a block's.
    pub(super) fn check_names_of(&mut self, parameters: &'a [Parameter], fans: bool) {
        if let Some(surplus) = parameters.get(Limits::PARAMETERS) {
            self.report(values::too_many_parameters(surplus.name.span, Limits::PARAMETERS));
        }
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for parameter in parameters {
            let name = &parameter.name;
            if let Some(first) = seen.insert(&name.name, name.span) {
                self.report(names::defined_twice(name, first, "parameter"));
            }
            if fans && FAN_NAMES.contains(&name.name.as_str()) {
                self.report(names::fan_name(name));
            }
        }
    }

    /// An activation's function, its settings applied; none where it is broken.
    pub(super) fn activation_function(
        &mut self,
        id: DefinitionId,
        settings: Vec<Option<Valued<'a>>>,
    ) -> Option<std::sync::Arc<Function>> {
        let key = (id, settings.iter().map(setting_key).collect::<Option<Vec<_>>>()?);
        if let Some(known) = self.functions.get(&key) {
            return known.clone();
        }
        let mut state = State::building(Context::Plain, scalar::Builder::new(1));
        let x = state.builder.as_mut().expect("it builds").argument(0);
        let span = self.definitions.get(id).name.span;
        let given = std::iter::once(Some(Valued { value: Value::Scalar(x), span })).chain(settings).collect();
        let value = self.apply(id, given, &mut state);
        let function = state.node(&value).map(|result| {
            let function = state.builder.take().expect("it builds").finish(&[result]);
            std::sync::Arc::new(scalar::stabilise(&function))
        });
        self.functions.insert(key, function.clone());
        function
    }

    /// Every name that a param may hold: what `names_a_choice` says yes to.
    pub(super) fn choices(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        for kind in [DefinitionKind::Activation, DefinitionKind::Loss, DefinitionKind::Init] {
            names.extend(self.definitions.names(kind, Home::User));
        }
        names.extend(ROW_FUNCTIONS);
        names.extend(settings::OPTIMIZERS.iter().chain(settings::DISTRIBUTIONS).map(|word| word.name));
        names
    }

    /// Whether a name is that of an activation, init rule, loss or optimizer.
    pub(super) fn names_a_choice(&self, name: &str, home: Home) -> bool {
        let defined = [DefinitionKind::Activation, DefinitionKind::Loss, DefinitionKind::Init]
            .into_iter()
            .any(|kind| self.definitions.find(kind, name, home) != Lookup::Missing);
        defined
            || ROW_FUNCTIONS.contains(&name)
            || settings::find(settings::DISTRIBUTIONS, name).is_some()
            || settings::find(settings::OPTIMIZERS, name).is_some()
    }

    /// What else a name is, for "is an activation, not an init rule".
    pub(super) fn role_of(&self, name: &str, home: Home) -> Option<&'static str> {
        let defined = |kind| matches!(self.definitions.find(kind, name, home), Lookup::Found(_));
        let word = |words| settings::find(words, name).is_some();
        if layers::find(name).is_some() {
            Some("a layer kind")
        } else if defined(DefinitionKind::Activation) || ROW_FUNCTIONS.contains(&name) {
            Some("an activation")
        } else if defined(DefinitionKind::Init) || word(settings::DISTRIBUTIONS) {
            Some("an init rule")
        } else if defined(DefinitionKind::Loss) {
            Some("a loss")
        } else if matches!(self.definitions.find_block(name), Lookup::Found(_)) {
            Some("a block")
        } else if word(settings::OPTIMIZERS) {
            Some("an optimizer")
        } else if word(settings::SCHEDULES) {
            Some("a schedule")
        } else if word(settings::SOURCES) {
            Some("a data source")
        } else if intrinsics::find(name).is_some() {
            Some("a function")
        } else {
            None
        }
    }
}

/// The state and the passed arguments of a loss: `y` and `t` are the first two arguments of the function.
pub(super) fn loss_state(definition: &Definition, counts: Option<[f64; 3]>) -> (State<'_>, Vec<Option<Valued<'_>>>) {
    use crate::model::LossTerm;
    let mut state = State::building(Context::Loss(counts), scalar::Builder::new(Limits::LOSS_TERMS));
    state.terms = vec![LossTerm::Prediction, LossTerm::Target];
    let builder = state.builder.as_mut().expect("it builds");
    let (y, t) = (builder.argument(0), builder.argument(1));
    state.prediction = Some(y);
    let given = [y, t]
        .into_iter()
        .zip(&definition.parameters)
        .map(|(id, parameter)| Some(Valued { value: Value::Scalar(id), span: parameter.name.span }))
        .collect();
    (state, given)
}

/// A setting by which functions are told apart; none where it is broken.
pub(super) fn setting_key(setting: &Option<Valued<'_>>) -> Option<Option<u64>> {
    match setting.as_ref().map(|valued| &valued.value) {
        None => Some(None),
        Some(Value::Number(number)) => Some(Some(number.to_bits())),
        // A NaN that no arithmetic makes.
        Some(Value::Boolean(boolean)) => Some(Some(u64::MAX - u64::from(*boolean))),
        Some(
            Value::Text(_)
            | Value::List(_)
            | Value::Range(..)
            | Value::Name(_)
            | Value::Call(_)
            | Value::Scalar(_)
            | Value::Truth(_)
            | Value::Unknown,
        ) => None,
    }
}

/// Why a layer, activation or block cannot have this name.
pub(super) fn reserved_layer_name(name: &str) -> Option<&'static str> {
    if layers::find(name).is_some() {
        return Some("a layer kind");
    }
    (intrinsics::find(name).is_some() || ROW_FUNCTIONS.contains(&name)).then_some("a function of the compiler")
}

/// The fans of a tensor as a rule sees them.
pub(super) fn fans(fan_in: usize, fan_out: usize, layer_count: usize) -> Fans {
    Fans { fan_in: fan_in as f64, fan_out: fan_out as f64, layer_count: layer_count as f64 }
}
