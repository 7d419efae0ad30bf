/** A doorbell that the event loop of a thread waits for. */
import { Socket } from 'node:net';

const readBytes = 512;

/**
 * Call `heard` whenever a doorbell was notified, until the socket is destroyed, which closes the descriptor. The loop
 * is not kept alive by it.
 *
 * @param readEnd - A descriptor of the caller's own.
 */
export function watchBell(readEnd: number, heard: () => void): Socket {
  const onread = {
    // What is read says nothing: one buffer takes it all.
    buffer: new Uint8Array(readBytes),
    callback: () => {
      heard();
      return true;
    },
  };
  const socket = new Socket({ fd: readEnd, readable: true, writable: false, onread } as ConstructorParameters<
    typeof Socket
  >[0]);
  socket.on('error', () => undefined);
  return socket.unref();
}
