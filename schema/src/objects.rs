//! Messages are JSON objects: what serde's derived readers would also take, an array of a struct's fields in order, is
//! refused.
//!
//! A message is parsed into a [`Tree`] first, by one piece of code, and then read from it. Read straight from the text,
//! each type of a message would carry a parser of its own, which is a tenth of a contract's code.
//! [`objects_only`](crate::objects_only) puts the tree in front of a message.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StringDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

/// A parsed message. Fractions and numbers beyond 64 bits are refused: no message has any, amounts are text. A key that
/// comes twice stays, so that whoever reads the object refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number from 0 on.
    Unsigned(u64),
    /// A number below 0.
    Signed(i64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Tree>),
    /// An object, in the order of the text.
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Parser)
    }
}

struct Parser;

impl<'de> Visitor<'de> for Parser {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a message without fractions")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Signed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = map.next_entry()? {
            object.push(entry);
        }
        Ok(Tree::Object(object))
    }
}

impl Tree {
    /// What reads this tree.
    pub const fn reader<E>(self) -> Reader<E> {
        Reader { tree: self, error: PhantomData }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Signed(value) => Unexpected::Signed(*value),
            Self::Text(value) => Unexpected::Str(value),
            Self::List(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

/// Reads a tree. Structs are read from objects alone, at every depth.
pub struct Reader<E> {
    tree: Tree,
    error: PhantomData<E>,
}

/// Reads one kind of tree, and refuses the others.
macro_rules! read {
    ($($method:ident: $kind:ident($value:ident) => $visit:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            match self.tree {
                Tree::$kind($value) => $visit(visitor),
                other => Err(E::invalid_type(other.unexpected(), &visitor)),
            }
        }
    )*};
}

/// Reads as another method does.
macro_rules! read_as {
    ($($method:ident($($name:ident: $type:ty),*) => $other:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, E> {
            self.$other(visitor)
        }
    )*};
}

impl<'de, E: Error> Deserializer<'de> for Reader<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(value),
            Tree::Unsigned(value) => visitor.visit_u64(value),
            Tree::Signed(value) => visitor.visit_i64(value),
            Tree::Text(value) => visitor.visit_string(value),
            Tree::List(list) => visitor.visit_seq(Elements { left: list.into_iter(), error: PhantomData }),
            Tree::Object(object) => visitor.visit_map(Entries::of(object)),
        }
    }

    read! {
        deserialize_bool: Bool(value) => |visitor: V| visitor.visit_bool(value);
        deserialize_u64: Unsigned(value) => |visitor: V| visitor.visit_u64(value);
        deserialize_string: Text(value) => |visitor: V| visitor.visit_string(value);
        deserialize_seq: List(list) => |visitor: V| {
            visitor.visit_seq(Elements { left: list.into_iter(), error: PhantomData })
        };
        deserialize_map: Object(object) => |visitor: V| visitor.visit_map(Entries::of(object));
    }

    read_as! {
        deserialize_u8() => deserialize_u64;
        deserialize_u16() => deserialize_u64;
        deserialize_u32() => deserialize_u64;
        deserialize_str() => deserialize_string;
        deserialize_identifier() => deserialize_string;
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str]) => deserialize_map;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if self.tree == Tree::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let (name, content) = match self.tree {
            Tree::Text(name) => (name, None),
            Tree::Object(mut object) if object.len() == 1 => match object.pop() {
                Some((name, content)) => (name, Some(content)),
                None => return Err(E::invalid_length(0, &visitor)),
            },
            other => return Err(E::invalid_type(other.unexpected(), &visitor)),
        };
        visitor.visit_enum(Variant { name, content, error: PhantomData })
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

struct Elements<E> {
    left: std::vec::IntoIter<Tree>,
    error: PhantomData<E>,
}

impl<'de, E: Error> SeqAccess<'de> for Elements<E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, E> {
        self.left.next().map(|element| seed.deserialize(element.reader())).transpose()
    }
}

struct Entries<E> {
    left: std::vec::IntoIter<(String, Tree)>,
    /// The value of the key that was read last.
    value: Tree,
    error: PhantomData<E>,
}

impl<E> Entries<E> {
    fn of(object: Vec<(String, Tree)>) -> Self {
        Self { left: object.into_iter(), value: Tree::Null, error: PhantomData }
    }
}

impl<'de, E: Error> MapAccess<'de> for Entries<E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        let Some((key, value)) = self.left.next() else { return Ok(None) };
        self.value = value;
        let key: StringDeserializer<E> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, E> {
        seed.deserialize(std::mem::replace(&mut self.value, Tree::Null).reader())
    }
}

/// A variant of an enum: a text, or the only key of an object.
struct Variant<E> {
    name: String,
    content: Option<Tree>,
    error: PhantomData<E>,
}

impl<'de, E: Error> EnumAccess<'de> for Variant<E> {
    type Error = E;
    type Variant = Content<E>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Content<E>), E> {
        let name: StringDeserializer<E> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content.map(Tree::reader))))
    }
}

/// What stands under a variant's name.
struct Content<E>(Option<Reader<E>>);

impl<E: Error> Content<E> {
    fn reader(self) -> Result<Reader<E>, E> {
        self.0.ok_or_else(|| E::custom("the variant has no content"))
    }
}

impl<'de, E: Error> VariantAccess<'de> for Content<E> {
    type Error = E;

    fn unit_variant(self) -> Result<(), E> {
        match self.0 {
            None | Some(Reader { tree: Tree::Null, .. }) => Ok(()),
            Some(_) => Err(E::custom("the variant has no content, but some is given")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, E> {
        seed.deserialize(self.reader()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, E> {
        self.reader()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, E> {
        self.reader()?.deserialize_map(visitor)
    }
}

/// Reads and writes a message derived with `#[serde(remote = "Self")]`, reading objects only.
#[macro_export]
macro_rules! objects_only {
    ($($message:ty),*) => {$(
        impl<'de> serde::Deserialize<'de> for $message {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let tree = <$crate::objects::Tree as serde::Deserialize>::deserialize(deserializer)?;
                Self::deserialize(tree.reader::<D::Error>())
            }
        }

        impl serde::Serialize for $message {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    )*};
}
