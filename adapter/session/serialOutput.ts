import { yieldToHost } from '../../emulator/debug/schedule.ts';

/** Serial bytes as text, gathered until the host's next turn so that a character does not cost a message. */
export class SerialOutput {
  private decoder = new TextDecoder();
  private text = '';
  private scheduled = false;

  constructor(private readonly write: (text: string) => void) {}

  accept(bytes: Uint8Array): void {
    this.text += this.decoder.decode(bytes, { stream: true });
    if (this.scheduled) return;
    this.scheduled = true;
    void yieldToHost().then(() => this.flush());
  }

  flush(): void {
    this.scheduled = false;
    if (this.text === '') return;
    const { text } = this;
    this.text = '';
    this.write(text);
  }

  /** For a new run of the same machine: bytes of a half character do not leak into it. */
  reset(): void {
    this.flush();
    this.decoder = new TextDecoder();
  }
}
