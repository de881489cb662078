# Real jobs, with this test as their supervisor: seconds, not milliseconds, so apart from compute_test. The local driver
# needs nothing of the service, which building it alone shows.
if(NOT FABRICA_FUZZ)
  add_executable(compute_jobs_test ${root}/itest/local_driver_test.cpp ${root}/impl/job_folder.cpp ${root}/impl/local_driver.cpp
                 ${root}/impl/log_pump.cpp ${root}/impl/sandbox.cpp ${root}/impl/supervisor.cpp)
  target_link_libraries(compute_jobs_test PRIVATE fabrica_json fabrica_runtime GTest::gtest)
  add_test(NAME compute_jobs COMMAND compute_jobs_test)
  set_tests_properties(compute_jobs PROPERTIES TIMEOUT 300)
endif()
