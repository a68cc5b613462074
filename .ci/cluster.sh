# When crates/radio_cluster has to be tested, for `.ci/run` and `.ci/cluster`, which source this.
cluster_cache="${XDG_CACHE_HOME:-$HOME/.cache}/radio_rec/cluster"

# What DataFusion was compiled for: the toolchain, and the lock file.
cluster_compiled_for() {
    rustc -vV
    sha256sum <crates/radio_cluster/Cargo.lock
}

# What the tests depend on: the crate, the library that it calls, the data.
cluster_state() {
    cluster_compiled_for
    git ls-files -z Cargo.toml crates/radio_cluster crates/radio_rec/src crates/radio_rec/Cargo.toml data/radio_songs.csv .ci/cluster |
        xargs -0 sha256sum
}

cluster_is_compiled() { [ -f "$cluster_cache/compiled-for" ] && [ "$(cluster_compiled_for)" = "$(cat "$cluster_cache/compiled-for")" ]; }

cluster_is_tested() { [ -f "$cluster_cache/tested" ] && [ "$(cluster_state)" = "$(cat "$cluster_cache/tested")" ]; }
