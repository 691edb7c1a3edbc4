#ifndef HYDRON_CSUITESPARSE_SHIM_H
#define HYDRON_CSUITESPARSE_SHIM_H

#if __has_include(<suitesparse/klu.h>)
#include <suitesparse/klu.h>
#else
#error "Hydron needs SuiteSparse's headers: install them with 'apt-get install libsuitesparse-dev'"
#endif

#endif
