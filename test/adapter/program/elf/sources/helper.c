struct packet {
  unsigned char bytes[24];
  int length;
};

extern int counter;
static int calls;

int helper(int value, const struct packet *packet) {
  calls++;
  if (value > packet->length) {
    counter += value;
    return counter;
  }
  return packet->bytes[value & 7] + calls;
}
