@clock
Feature: Counters, limits and clocks over the end of a day
  What is counted by day begins anew at midnight; a trace number is never zero; a clock that runs wrong is set right by the host.

  @TIM-008 @host-control
  Scenario: A card that may pay twice a day may pay again after midnight
    Given till "T1" of "Noodle House" has signed in
    And it is "2026-06-01 23:50:00"
    And operator "01" logs in at "T1"
    And Ken has paid 10.00 CNY at "T1" 2 times
    When Ken swipes 10.00 CNY at "T1"
    And it is "2026-06-02 00:00:10"
    And operator "01" logs in at "T1"
    And Ken swipes 10.00 CNY at "T1"
    Then "T1" shows COUNT_LIMIT
    And "T1" shows APPROVED

  @TIM-008 @host-control
  Scenario: A merchant that may sell three times a day may sell again after midnight
    Given till "T4" of "Kiosk" has signed in
    And it is "2026-06-01 23:50:00"
    And operator "01" logs in at "T4"
    And Bob has paid 10.00 CNY at "T4" 3 times
    When Bob swipes 10.00 CNY at "T4"
    And it is "2026-06-02 00:00:10"
    And operator "01" logs in at "T4"
    And Bob swipes 10.00 CNY at "T4"
    Then "T4" shows COUNT_LIMIT
    And "T4" shows APPROVED

  @TIM-009
  Scenario: After trace number 999999 comes 000001
    Given till "T1" of "Noodle House" has signed in
    And the next trace number of "T1" is 999999
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace  | code |
      | T1   | sale        | 999999 |      |
      | host | sale answer | 999999 | 00   |
      | T1   | sale        | 1      |      |
      | host | sale answer | 1      | 00   |

  @TIM-009 @unionpay @host-control
  Scenario: Trace numbers that wrap in the middle of a batch are settled in their order
    Given till "T1" of "Noodle House" has signed in
    And the next trace number of "T1" is 999998
    And Bob has paid 10.00 CNY at "T1" 3 times
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the 1st batch-upload has 3 rows
    And batch "000001" of "T1" is settled at the host

  @TIM-010
  Scenario: A till whose clock is in the next year is set back into this one
    Given it is "2026-12-31 23:59:30"
    And the clock of "T1" is 2 minutes fast
    When the cashier signs in at "T1"
    Then "T1" is signed in
    And the clock of "T1" agrees with the host

  @TIM-010
  Scenario: A till whose clock is in the old year is set forward
    Given it is "2027-01-01 00:00:30"
    And the clock of "T1" is 300 seconds slow
    And operator "01" logs in at "T1"
    When the cashier signs in at "T1"
    Then "T1" is signed in
    And the clock of "T1" agrees with the host

  @TIM-011 @host-control
  Scenario: A slip has the host's date, by which the payment is found again
    Given till "T1" of "Noodle House" has signed in
    And the clock of "T1" is 3 days slow
    When Bob swipes 10.00 CNY at "T1"
    And Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line      | value               |
      | SLIP_TIME | 2026-06-01 09:30:00 |
    And "T1" shows APPROVED
    And "Noodle House" is owed 6.00 CNY

  @TIM-011 @host-control
  Scenario: A clock that is days off does not keep a till from taking a sale back
    Given till "T1" of "Noodle House" has signed in
    And the clock of "T1" is 3 days slow
    And the line loses the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And the host has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY
