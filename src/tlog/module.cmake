# Two programs beside the library, and the verification of a log of ours by code that shares nothing with it.
if(NOT FABRICA_FUZZ)
  add_executable(tlog_example ${CMAKE_CURRENT_LIST_DIR}/example_main.cpp)
  target_link_libraries(tlog_example PRIVATE fabrica_tlog)
  add_test(NAME conformance_tlog
           COMMAND ${CMAKE_SOURCE_DIR}/tests/conformance/tlog/run.sh --example $<TARGET_FILE:tlog_example>)
  set_tests_properties(conformance_tlog PROPERTIES SKIP_RETURN_CODE 77)

  add_executable(log_bench ${CMAKE_SOURCE_DIR}/bench/log_main.cpp)
  target_link_libraries(log_bench PRIVATE fabrica_tlog pkg_openssl)
endif()
