# Included by CMake at the end of llama.cpp's own `project()`: llama-cpp-python switches this library on by force and
# then leaves it out of its wheel. Without it the build takes half of the time.
set(LLAMA_BUILD_COMMON OFF CACHE BOOL "" FORCE)
