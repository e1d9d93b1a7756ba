//! The vocabulary: every mapping of the file as a table of keys.
//!
//! One table serves both sides: the loader refuses keys that aren't in it, and the JSON Schema is generated from it.
//! So what an editor offers is what the loader takes.

/// A mapping that the file may hold.
#[derive(Debug)]
pub(super) struct Keys {
    /// Its name in messages, with an article.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) doc: &'static str,
    /// Its keys; shared ones are in groups of their own.
    pub(super) groups: &'static [&'static [Key]],
}

/// A mapping whose keys depend on what it is, usually on its `type`.
pub(super) type Kinds = &'static [&'static Keys];

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Meaning, units and range.
    pub(super) doc: &'static str,
    pub(super) required: bool,
    /// What holds where it is absent.
    pub(super) default: Option<&'static str>,
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Text without expressions.
    Text,
    /// A name: letters, digits, `-`, `_`, `.`.
    Id,
    /// Any value; texts in it may hold `${…}`.
    Template,
    /// One text that may hold `${…}`.
    TextTemplate,
    /// A text that is a condition, with or without `${` and `}`.
    Condition,
    /// Names and text templates.
    TextTemplates,
    /// Names and templates.
    Templates,
    /// `"30s"`, or a number of milliseconds.
    Duration,
    /// A TCP port.
    Port,
    /// A TCP port or a list of them.
    Ports,
    /// The path of a route: `/hooks/{id}`.
    Path,
    /// A range of IP addresses, or a list of them.
    Networks,
    /// An HTTP method.
    Method,
    /// A whole number from this one.
    Count(u32),
    /// A whole number of bytes, from 1 to this many.
    Bytes(u32),
    /// A number from 1, or `fixed`, or `exponential`.
    Backoff,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A scalar or a list of scalars; numbers are compared by value, anything else as text.
    Texts,
    /// A name or a list of names.
    Names,
    /// A value to compare with: any scalar.
    Scalar,
    /// One mapping.
    One(Kinds),
    /// A list of mappings.
    List(Kinds),
    /// A mapping, or a list of them.
    OneOrList(Kinds),
    /// A list of mappings with `id`, or a mapping by id.
    ById(Kinds),
    /// A mapping by name; what stands behind a name may be left out.
    ByName(Kinds),
    /// A JSON Schema: an object.
    Schema,
    /// The name of something, or the thing itself.
    NameOr(Kinds),
    /// One of these words, or a list of them.
    Choices(&'static [&'static str]),
    /// A text template or a list of them.
    Secrets,
    /// The name of a provider, or a scheme of signatures.
    Scheme,
    /// Targets by event type; rules of this form may be listed.
    Rules(Kinds),
}

impl Key {
    /// An optional key.
    pub(super) const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, doc, required: false, default: None }
    }

    /// The same key, which must be there.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same key with what holds where it is absent.
    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }
}

impl Keys {
    /// Its name in the schema.
    pub(super) fn slug(&self) -> String {
        let name = self.name.strip_prefix("an ").or_else(|| self.name.strip_prefix("a ")).unwrap_or(self.name);
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("_")
    }

    /// All its keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }
}
