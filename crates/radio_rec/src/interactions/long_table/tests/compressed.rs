//! Tables that are compressed, by each way and with or without the feature for it.

#[allow(unused_imports, reason = "with all features nothing here is refused")]
use super::refused;

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::Write;

    use super::super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn a_table_is_unpacked() {
        let whole = gzip("user,item,plays\nann,u2,2\nbob,u2,1\n");
        // A file may consist of several gzip members, one after the other.
        let parts = [
            gzip("\u{feff}user,item,plays\nann,"),
            gzip("u2,2\nbob,u2,1\n"),
        ]
        .concat();
        for packed in [&whole, &parts] {
            let data = read(packed).unwrap();
            assert_eq!(data.to_dense(), ndarray::array![[2.0], [1.0]]);
        }
        let data = Interactions::from_wide_csv_reader(&gzip("user,a\n1,2\n")[..], "-").unwrap();
        assert_eq!(data.to_dense(), ndarray::array![[2.0]]);
    }

    #[test]
    fn a_file_says_how_far_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plays.csv.gz");
        std::fs::write(&path, gzip("user,item\nann,u2\n")).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        let mut last = None;
        let table = LongTable::new().progress(|progress| last = Some(progress));
        table.read(&path).unwrap();
        let (rows, bytes, total_bytes) = (1, length, Some(length));
        assert_eq!(
            last,
            Some(Progress {
                rows,
                bytes,
                total_bytes
            })
        );
    }

    #[test]
    fn damage_is_named() {
        let rows: String = (0..5000)
            .map(|n| format!("u{n},i{}\n", n * n % 97))
            .collect();
        let packed = gzip(&format!("user,item\n{rows}"));
        let cut = read(&packed[..packed.len() / 2]).unwrap_err().to_string();
        assert_eq!(
            cut,
            "`plays.csv`: its gzip data were cut short; get the file again"
        );
        let mut damaged = packed.clone();
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        let damaged = read(&damaged).unwrap_err().to_string();
        assert!(
            damaged.starts_with("`plays.csv`: its gzip data are damaged (")
                && damaged.ends_with("); get the file again"),
            "{damaged}"
        );
    }
}

#[cfg(not(feature = "gzip"))]
#[test]
fn what_cannot_be_unpacked_is_named() {
    assert_eq!(
        refused([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
        "line 1, column 1: the table is compressed by gzip; unpack it with gunzip, or compile radio_rec with the feature `gzip`"
    );
}

#[cfg(feature = "zstd")]
mod zstd {
    use super::super::*;

    fn frame(text: &str) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(
            text.as_bytes(),
            ruzstd::encoding::CompressionLevel::Fastest,
        )
    }

    #[test]
    fn frames_are_unpacked_one_after_the_other() {
        // What is to be skipped: a magic number, a length, and so many bytes.
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9];
        let packed = [
            &frame("user,item,plays\nann,")[..],
            &skipped,
            &frame("u2,2\nbob,u2,1\n"),
        ];
        let data = read(packed.concat()).unwrap();
        assert_eq!(data.to_dense(), ndarray::array![[2.0], [1.0]]);
    }

    #[test]
    fn damage_is_named() {
        let rows: String = (0..5000)
            .map(|n| format!("u{n},i{}\n", n * n % 97))
            .collect();
        let packed = frame(&format!("user,item\n{rows}"));
        let cut = read(&packed[..packed.len() / 2]).unwrap_err().to_string();
        assert_eq!(
            cut,
            "`plays.csv`: its zstd data were cut short; get the file again"
        );
        let mut damaged = packed.clone();
        let at = damaged.len() - 1;
        damaged[at] ^= 1;
        let damaged = read(&damaged).unwrap_err().to_string();
        assert!(
            damaged.starts_with("`plays.csv`: its zstd data are damaged ("),
            "{damaged}"
        );
    }
}

#[cfg(not(feature = "zstd"))]
#[test]
fn what_cannot_be_unpacked_by_zstd_is_named() {
    assert_eq!(
        refused([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]),
        "line 1, column 1: the table is compressed by zstd; unpack it with unzstd, or compile radio_rec with the feature `zstd`"
    );
}
