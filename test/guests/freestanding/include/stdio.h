#pragma once

/* To the first serial port, 0x3f8. */
int putchar(int character);
int puts(const char *line);
