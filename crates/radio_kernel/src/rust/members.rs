//! The members of the standard library's types that one meets most in a notebook. They are listed here, since the
//! library's source is not there unless somebody has installed it.

/// A type of the standard library, the types whose members it has too, and its own members.
struct Members {
    of: &'static str,
    and: &'static [&'static str],
    own: &'static str,
}

/// The last part of the paths of types that are iterators and nothing else.
const ITERATORS: [&str; 30] = [
    "Iter",
    "IterMut",
    "IntoIter",
    "Chars",
    "CharIndices",
    "Bytes",
    "Lines",
    "Split",
    "SplitWhitespace",
    "Range",
    "RangeInclusive",
    "Map",
    "Filter",
    "FilterMap",
    "Enumerate",
    "Zip",
    "Rev",
    "Take",
    "Skip",
    "StepBy",
    "Chain",
    "Cloned",
    "Copied",
    "Peekable",
    "Windows",
    "Chunks",
    "FlatMap",
    "Flatten",
    "Keys",
    "Values",
];

#[rustfmt::skip]
const TYPES: &[Members] = &[
    Members { of: "Vec", and: &["slice"], own: "append as_mut_slice as_slice capacity clear dedup dedup_by_key \
        drain extend extend_from_slice insert into_boxed_slice leak pop push remove reserve resize retain \
        shrink_to_fit splice split_off swap_remove truncate" },
    Members { of: "slice", and: &[], own: "binary_search binary_search_by chunks chunks_exact concat contains \
        copy_from_slice ends_with fill first first_mut get get_mut into_iter is_empty is_sorted iter iter_mut \
        join last last_mut len partition_point repeat reverse rotate_left rotate_right select_nth_unstable sort \
        sort_by sort_by_key sort_unstable sort_unstable_by sort_unstable_by_key split split_at split_first \
        split_last starts_with swap to_vec windows" },
    Members { of: "String", and: &["str"], own: "as_str capacity clear drain extend insert insert_str \
        into_boxed_str into_bytes pop push push_str remove replace_range reserve retain truncate" },
    Members { of: "str", and: &[], own: "as_bytes bytes char_indices chars contains ends_with \
        eq_ignore_ascii_case find get is_char_boundary is_empty len lines matches parse repeat replace replacen \
        rfind rsplit rsplit_once split split_at split_once split_terminator split_whitespace splitn starts_with \
        strip_prefix strip_suffix to_lowercase to_owned to_string to_uppercase trim trim_end trim_end_matches \
        trim_matches trim_start trim_start_matches" },
    Members { of: "Option", and: &[], own: "and and_then as_deref as_mut as_ref cloned copied expect filter \
        flatten get_or_insert get_or_insert_with insert into_iter is_none is_none_or is_some is_some_and iter map \
        map_or map_or_else ok_or ok_or_else or or_else replace take unwrap unwrap_or unwrap_or_default \
        unwrap_or_else zip" },
    Members { of: "Result", and: &[], own: "and and_then as_mut as_ref err expect expect_err inspect inspect_err \
        into_iter is_err is_err_and is_ok is_ok_and iter map map_err map_or map_or_else ok or or_else unwrap \
        unwrap_err unwrap_or unwrap_or_default unwrap_or_else" },
    Members { of: "HashMap", and: &["map"], own: "capacity drain reserve shrink_to_fit" },
    Members { of: "BTreeMap", and: &["map"], own: "append first_entry first_key_value last_entry last_key_value \
        pop_first pop_last range range_mut split_off" },
    Members { of: "map", and: &[], own: "clear contains_key entry extend get get_key_value get_mut insert \
        into_iter into_keys into_values is_empty iter iter_mut keys len remove remove_entry retain values values_mut" },
    Members { of: "HashSet", and: &["set"], own: "capacity drain reserve" },
    Members { of: "BTreeSet", and: &["set"], own: "append first last pop_first pop_last range split_off" },
    Members { of: "set", and: &[], own: "clear contains difference extend get insert intersection into_iter \
        is_disjoint is_empty is_subset is_superset iter len remove replace retain symmetric_difference take union" },
    Members { of: "VecDeque", and: &[], own: "append back back_mut clear contains drain extend front front_mut \
        get get_mut insert is_empty iter iter_mut len make_contiguous pop_back pop_front push_back push_front \
        remove retain rotate_left rotate_right swap truncate" },
    Members { of: "BinaryHeap", and: &[], own: "append clear drain into_sorted_vec into_vec is_empty iter len \
        peek peek_mut pop push" },
    Members { of: "float", and: &[], own: "abs acos asin atan atan2 cbrt ceil clamp copysign cos cosh div_euclid \
        exp exp2 exp_m1 floor fract hypot is_finite is_infinite is_nan is_sign_negative is_sign_positive ln ln_1p \
        log log10 log2 max min mul_add powf powi recip rem_euclid round signum sin sin_cos sinh sqrt tan tanh \
        to_bits to_degrees to_radians total_cmp trunc" },
    Members { of: "integer", and: &[], own: "abs abs_diff checked_add checked_div checked_mul checked_pow \
        checked_sub clamp count_ones count_zeros div_ceil div_euclid ilog10 ilog2 is_negative is_positive \
        is_power_of_two isqrt leading_zeros max min next_power_of_two overflowing_add pow rem_euclid rotate_left \
        rotate_right saturating_add saturating_mul saturating_sub signum swap_bytes to_be_bytes to_le_bytes \
        to_string trailing_zeros wrapping_add wrapping_mul wrapping_sub" },
    Members { of: "bool", and: &[], own: "then then_some" },
    Members { of: "char", and: &[], own: "is_alphabetic is_alphanumeric is_ascii is_ascii_digit is_control \
        is_lowercase is_numeric is_uppercase is_whitespace len_utf8 to_ascii_lowercase to_ascii_uppercase \
        to_digit to_lowercase to_string to_uppercase" },
    Members { of: "iterator", and: &[], own: "all any by_ref chain cloned collect copied count cycle enumerate \
        filter filter_map find find_map flat_map flatten fold for_each fuse inspect is_sorted last map map_while \
        max max_by max_by_key min min_by min_by_key next nth partition peekable position product reduce rev scan \
        skip skip_while step_by sum take take_while try_fold unzip zip" },
    Members { of: "Duration", and: &[], own: "as_micros as_millis as_nanos as_secs as_secs_f32 as_secs_f64 \
        checked_sub mul_f64 saturating_sub subsec_millis subsec_nanos" },
    Members { of: "Instant", and: &[], own: "checked_add duration_since elapsed saturating_duration_since" },
    Members { of: "PathBuf", and: &["Path"], own: "as_path pop push set_extension set_file_name" },
    Members { of: "Path", and: &[], own: "canonicalize components display ends_with exists extension file_name \
        file_stem is_absolute is_dir is_file join metadata parent read_dir starts_with strip_prefix to_path_buf \
        to_str to_string_lossy with_extension with_file_name" },
    Members { of: "Cell", and: &[], own: "get into_inner replace set swap take update" },
    Members { of: "RefCell", and: &[], own: "borrow borrow_mut into_inner replace take try_borrow try_borrow_mut" },
    Members { of: "Mutex", and: &[], own: "clear_poison get_mut into_inner is_poisoned lock try_lock" },
    Members { of: "RwLock", and: &[], own: "get_mut into_inner read try_read try_write write" },
    Members { of: "JoinHandle", and: &[], own: "is_finished join thread" },
    Members { of: "Sender", and: &[], own: "send" },
    Members { of: "Receiver", and: &[], own: "iter recv recv_timeout try_iter try_recv" },
];

/// What most types have.
const COMMON: &str =
    "as_ref borrow clone cmp eq hash into ne partial_cmp to_owned to_string try_into";

/// The members of a type of the standard library, by the last part of its path; an empty one is a slice or an array.
/// `None` if it is not listed.
pub(super) fn members_of(name: &str) -> Option<Vec<&'static str>> {
    let of = match name {
        "" => "slice",
        "f32" | "f64" => "float",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => "integer",
        name if ITERATORS.contains(&name) => "iterator",
        name => name,
    };
    let found = TYPES.iter().find(|members| members.of == of)?;
    let others = TYPES.iter().filter(|one| found.and.contains(&one.of));
    let own = std::iter::once(found).chain(others).map(|one| one.own);
    let mut all: Vec<&str> = own
        .chain([COMMON])
        .flat_map(str::split_whitespace)
        .collect();
    let length = all.len() - COMMON.split_whitespace().count();
    all[..length].sort_unstable();
    Some(all)
}

/// The members of all of them: of something whose type is not known.
pub(super) fn all_members() -> Vec<&'static str> {
    let own = TYPES.iter().map(|members| members.own).chain([COMMON]);
    let mut all: Vec<&str> = own.flat_map(str::split_whitespace).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_members_of_what_they_lead_to() {
        let of_vec = members_of("Vec").unwrap();
        assert!(
            of_vec.contains(&"push") && of_vec.contains(&"sort_by") && of_vec.contains(&"clone")
        );
        assert!(members_of("f64").unwrap().contains(&"sqrt"));
        assert!(members_of("").unwrap().contains(&"windows"));
        assert!(members_of("Enumerate").unwrap().contains(&"collect"));
        assert_eq!(members_of("Figure"), None);
        assert!(all_members().windows(2).all(|pair| pair[0] < pair[1]));
        // What each names is there.
        for members in TYPES {
            for other in members.and {
                assert!(TYPES.iter().any(|one| one.of == *other), "{other}");
            }
        }
    }
}
