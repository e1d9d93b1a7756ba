//! The derives that all answers, and all bodies, have in common.

/// Defines answers: they are written, and described for the document.
macro_rules! answers {
    ($($item:item)*) => {
        $(
            #[derive(Debug, Clone, PartialEq, serde::Serialize)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            $item
        )*
    };
}

/// Defines bodies: they are read and written, and described for the document.
macro_rules! bodies {
    ($($item:item)*) => {
        $(
            #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            $item
        )*
    };
}

pub(crate) use {answers, bodies};
