/* For sources that include it and use nothing of it. */
#pragma once
#include <sys/types.h>
