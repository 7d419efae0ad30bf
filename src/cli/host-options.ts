/** Options of commands that start processes on several hosts. */

const separator = ',';

/** `--hosts a:4,b:4`. */
export const hostsOption: readonly [flag: string, text: string, parse: (text: string) => string[]] = [
  '--hosts <names>',
  'hosts and how many workers each gets, such as node1:4,node2:4',
  (text) => text.split(separator),
];

/** `--hostfile path`. */
export const hostfileOption: readonly [flag: string, text: string] = [
  '--hostfile <file>',
  'a hostfile of mpiexec, instead of --hosts',
];
