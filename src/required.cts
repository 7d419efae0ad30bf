/** What `require` gets where neither Node nor a test runner loads an ES module that way. */
throw new Error(
  "shoal is an ES module, and require() does not load those here: use import, or await import('shoal'). " +
    'require() does from Node 20.19 and 22.12 on; jest wants NODE_OPTIONS=--experimental-vm-modules',
);
