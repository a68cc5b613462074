//! What can be asked of `radio-kernel` on the command line.

use clap::{Args, Parser, Subcommand};
use radio_kernel::connection::Connection;
use radio_kernel::install::{DISPLAY_NAME, Location, NAME, Spec, install, uninstall};
use radio_kernel::kernel::Kernel;
use radio_kernel::{Error, Result, rust};
use std::path::PathBuf;
use std::process::ExitCode;

/// A Jupyter kernel for Rust
#[derive(Parser)]
#[command(name = "radio-kernel", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make Jupyter, VS Code, nteract and papermill offer this kernel
    Install {
        #[command(flatten)]
        place: PlaceArgs,
        /// The name by which notebooks know it
        #[arg(long, default_value = NAME)]
        name: String,
        /// What people see
        #[arg(long, default_value = DISPLAY_NAME)]
        display_name: String,
    },
    /// Make them forget it
    Uninstall {
        #[command(flatten)]
        place: PlaceArgs,
        /// The name by which notebooks know it
        #[arg(long, default_value = NAME)]
        name: String,
    },
    /// Run the kernel; Jupyter calls this
    Run {
        /// The connection file, which the front end has written
        connection_file: PathBuf,
        /// Where rustc and cargo are, if they are not in PATH
        #[arg(long, value_name = "DIR")]
        tools: Option<PathBuf>,
    },
}

#[derive(Args)]
#[group(multiple = false)]
struct PlaceArgs {
    /// For this user, wherever Jupyter is (the default)
    #[arg(long)]
    user: bool,
    /// For the virtual environment that is active
    #[arg(long)]
    sys_prefix: bool,
    /// Into DIR/share/jupyter/kernels
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

impl PlaceArgs {
    fn place(self) -> Location {
        match self.prefix {
            Some(folder) => Location::Prefix(folder),
            None if self.sys_prefix => Location::Environment,
            None => Location::User,
        }
    }
}

/// Does what the command line says: 0 if it was done, 2 if the arguments or a file could not be used.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Install {
            place,
            name,
            display_name,
        } => put(place, name, display_name),
        Command::Uninstall { place, name } => remove(place, &name),
        Command::Run {
            connection_file,
            tools,
        } => run(connection_file, tools),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("radio-kernel: {error}");
            ExitCode::from(2)
        }
    }
}

fn put(place: PlaceArgs, name: String, display_name: String) -> Result<()> {
    let program = std::env::current_exe().map_err(Error::System)?;
    let tools = rust::find_tools();
    if tools.is_none() {
        eprintln!("radio-kernel: there is no rustc in PATH; cells need one of https://rustup.rs");
    }
    let installed = install(
        &place.place(),
        &Spec {
            name,
            display_name: display_name.clone(),
            program,
            tools,
        },
    )?;
    println!(
        "{display_name:?} is installed in {}",
        installed.folder.display()
    );
    match (installed.common, installed.other) {
        (Some(common), _) => println!(
            "notebooks that name the kernel \"rust\" open with it too: {}",
            common.display()
        ),
        (None, Some(other)) => {
            println!(
                "notebooks that name the kernel \"rust\" open with another one: {}",
                other.display()
            );
        }
        (None, None) => {}
    }
    Ok(())
}

fn remove(place: PlaceArgs, name: &str) -> Result<()> {
    for folder in uninstall(&place.place(), name)? {
        println!("removed {}", folder.display());
    }
    Ok(())
}

fn run(connection_file: PathBuf, tools: Option<PathBuf>) -> Result<()> {
    if let Some(folder) = tools {
        // SAFETY: this is the only thread so far.
        unsafe { rust::add_tools(&folder) };
    }
    let connection = Connection::read(&connection_file)?;
    let folder = std::env::current_dir().map_err(Error::System)?;
    let history = dirs::data_local_dir().map(|data| data.join("radio/history"));
    let kernel = Kernel::start(&connection, Box::new(rust::Rust::new(&folder)), history)?;
    radio_kernel::signals::listen(kernel.handle())?;
    kernel.wait();
    Ok(())
}
