//! Closed sets whose members have one name each: in JSON, in the table and in requests.

/// Declares such a set as an enum. What follows `else` is the error of reading another name: its
/// field and its message.
#[macro_export]
macro_rules! named {
    (
        $(#[$attribute:meta])*
        pub enum $set:ident {
            $($(#[$member_attribute:meta])* $member:ident = $name:literal,)+
        }
        $(else $field:literal, $message:expr)?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $set {
            $($(#[$member_attribute])* #[serde(rename = $name)] $member,)+
        }

        impl $set {
            /// Every member.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$member),+];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $name,)+
                }
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $(impl std::str::FromStr for $set {
            type Err = $crate::InvalidField;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidField> {
                let found = Self::ALL.into_iter().find(|member| member.as_str() == text);
                found.ok_or_else(|| $crate::InvalidField::new($field, $message))
            }
        })?
    };
}
