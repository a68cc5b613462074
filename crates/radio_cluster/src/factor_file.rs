//! Vectors in a file: rows x factors numbers of 32 bits, row after row.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use crate::{Error, Result};

/// How many bytes a number takes.
const WIDTH: usize = size_of::<f32>();

/// Where vectors are.
#[derive(Clone, Debug)]
pub(crate) struct FactorFile {
    pub(crate) path: PathBuf,
    pub(crate) factors: usize,
}

impl FactorFile {
    /// A file of zeros.
    pub(crate) fn create(path: PathBuf, rows: usize, factors: usize) -> Result<Writer> {
        let bytes = (rows * factors * WIDTH) as u64;
        let file = File::create(&path);
        let file = file.and_then(|file| file.set_len(bytes).map(|()| file));
        let file = file.map_err(|error| Error::io(&path, error))?;
        Ok(Writer {
            file: BufWriter::new(file),
            next: 0,
            bytes: Vec::new(),
            of: Self { path, factors },
        })
    }

    /// All of them.
    pub(crate) fn read_all(&self) -> Result<Array2<f32>> {
        let read = || {
            let mut file = BufReader::new(File::open(&self.path)?);
            let numbers = file.get_ref().metadata()?.len() as usize / WIDTH;
            let mut all = vec![0.0; numbers];
            read_numbers(&mut file, &mut all)?;
            Ok(all)
        };
        let all = read().map_err(|error| Error::io(&self.path, error))?;
        let rows = all.len() / self.factors;
        Ok(Array2::from_shape_vec((rows, self.factors), all).expect("whole rows"))
    }

    /// To read some of them, best in their order.
    pub(crate) fn open(&self) -> Result<Reader> {
        let file = File::open(&self.path).map_err(|error| Error::io(&self.path, error))?;
        Ok(Reader {
            file: BufReader::new(file),
            next: 0,
            of: self.clone(),
        })
    }
}

/// Writes vectors.
pub(crate) struct Writer {
    file: BufWriter<File>,
    /// The row that the file stands at.
    next: u32,
    bytes: Vec<u8>,
    of: FactorFile,
}

impl Writer {
    /// Writes the vector of a row.
    pub(crate) fn write(&mut self, row: u32, vector: &[f32]) -> Result<()> {
        let written = self.try_write(row, vector);
        written.map_err(|error| Error::io(&self.of.path, error))
    }

    fn try_write(&mut self, row: u32, vector: &[f32]) -> std::io::Result<()> {
        if row != self.next {
            let place = row as usize * self.of.factors * WIDTH;
            self.file.seek(SeekFrom::Start(place as u64))?;
        }
        self.bytes.clear();
        self.bytes
            .extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        self.next = row + 1;
        self.file.write_all(&self.bytes)
    }

    pub(crate) fn finish(mut self) -> Result<FactorFile> {
        match self.file.flush() {
            Ok(()) => Ok(self.of),
            Err(error) => Err(Error::io(&self.of.path, error)),
        }
    }
}

/// Reads vectors.
pub(crate) struct Reader {
    file: BufReader<File>,
    /// The row that the file stands at.
    next: u32,
    of: FactorFile,
}

impl Reader {
    /// Reads the vector of a row.
    pub(crate) fn read(&mut self, row: u32, vector: &mut [f32]) -> Result<()> {
        let read = self.try_read(row, vector);
        read.map_err(|error| Error::io(&self.of.path, error))
    }

    fn try_read(&mut self, row: u32, vector: &mut [f32]) -> std::io::Result<()> {
        let rows = i64::from(row) - i64::from(self.next);
        self.file
            .seek_relative(rows * (self.of.factors * WIDTH) as i64)?;
        self.next = row + 1;
        read_numbers(&mut self.file, vector)
    }
}

fn read_numbers(from: &mut impl Read, to: &mut [f32]) -> std::io::Result<()> {
    let mut bytes = [0; 1 << 12];
    for to in to.chunks_mut(bytes.len() / WIDTH) {
        let bytes = &mut bytes[..to.len() * WIDTH];
        from.read_exact(bytes)?;
        let numbers = bytes.as_chunks::<WIDTH>().0;
        to.iter_mut()
            .zip(numbers)
            .for_each(|(to, &from)| *to = f32::from_le_bytes(from));
    }
    Ok(())
}

/// A path as a plan names it.
pub(crate) fn name_of(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(name) => Ok(name.to_owned()),
        None => Err(Error::file(
            path,
            "the path must be of Unicode characters; name another with `--scratch`",
        )),
    }
}
