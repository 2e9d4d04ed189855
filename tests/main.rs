//! The integration tests: one binary, one module per topic. Goldens lie in `cases`, releases in `fixtures`.

mod http;
