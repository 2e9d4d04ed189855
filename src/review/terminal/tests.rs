//! The reviewer driven by keys and drawn on a terminal that is none.
