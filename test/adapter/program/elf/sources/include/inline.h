static inline int square(int value)
{
  int product = value * value;
  return product;
}
