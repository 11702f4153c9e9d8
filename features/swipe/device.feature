Feature: A till in trouble
  Batteries run down, cables are pulled and networks change in the middle of a sale. The payment must end all the same,
  once, and everybody must agree how.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-019
  Scenario: A till that may go out any minute starts no sale
    Given "T1" has a low battery
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BATTERY_LOW
    And no message went to the host

  @SWP-019
  Scenario: Switched off and on, its battery is as low as before
    Given "T1" has a low battery
    When "T1" starts again
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows BATTERY_LOW
    And no message went to the host

  @SWP-019
  Scenario: Charged, it sells again
    Given "T1" has a low battery
    And "T1" has a charged battery
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @SWP-020
  Scenario: After a change of network between two sales the next sale goes through
    Given Bob has paid 10.00 CNY at "T1"
    When "T1" changes from Wi-Fi to 4G
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4970.00 CNY

  @SWP-020
  Scenario: A change of network in the middle of a sale ends in a reversal over the new one
    Given "T1" changes from Wi-Fi to 4G right after sending the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @SWP-021
  Scenario: A sale that the power cut interrupted is reversed when the till is back
    Given "T1" loses its power right after sending the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    And "T1" starts again
    Then the 1st reversal carries
      | field  | value        |
      | amount | 000000001000 |
      | trace  | 000002       |
      | code   | 98           |
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @SWP-021
  Scenario: An approval that the till never could write down is reversed
    Given "T1" loses its power right after receiving the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    And "T1" starts again
    Then "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @SWP-004
  Scenario: A restarted till goes on where it was
    Given Bob has paid 10.00 CNY at "T1"
    When "T1" starts again
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code | batch  |
      | T1   | sale        | 3     |      | 000001 |
      | host | sale answer | 3     | 00   | 000001 |
    And Bob's card holds 4970.00 CNY
