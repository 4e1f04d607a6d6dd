//! XML-RPC against what Python's `xmlrpc.client` writes, written down as it came out of Python 3.11.

mod laws;
mod reading;
mod writing;
