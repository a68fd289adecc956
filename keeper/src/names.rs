//! Names of an enum's variants, said once: a variant without a name doesn't compile, and every name can be iterated.

/// Defines `NAMES`, all names in the order of these arms, and `name`, that of a value. For use inside an `impl` of an enum.
macro_rules! names {
    ($($variant:pat => $name:literal,)+) => {
        /// The names of all variants.
        pub const NAMES: &[&str] = &[$($name),+];

        /// The name of this variant, as metrics, JSON and RUNBOOK.md have it.
        pub const fn name(&self) -> &'static str {
            match self {
                $($variant => $name,)+
            }
        }
    };
}

pub(crate) use names;
