# The migrations travel in the program: embedded::migrations(), in the order of their names.
file(GLOB migration_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/*.sql)
list(SORT migration_files)
fabrica_embed(fabrica_db migrations ${CMAKE_SOURCE_DIR}/sql ${migration_files})

# What *_dbtest.cpp link: databases for tests, faults, main().
if(NOT FABRICA_FUZZ)
  file(GLOB testing_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/db/testing/*.cpp)
  list(FILTER testing_sources EXCLUDE REGEX "_(test|dbtest)\\.cpp$")
  add_library(fabrica_db_testing STATIC ${testing_sources})
  target_link_libraries(fabrica_db_testing PUBLIC fabrica_db GTest::gtest)
endif()

# Durable INSERTs a second, with SQLite alone beside it: the yardstick of the API's benchmark.
if(EXISTS ${CMAKE_SOURCE_DIR}/bench/db_insert.cpp)
  add_executable(bench_insert EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/db_insert.cpp)
  target_link_libraries(bench_insert PRIVATE fabrica_db)
endif()
