@unionpay
Feature: The software of a till
  An acquirer that finds a fault in a till's software must be able to stop it from trading, and to mend it without a technician.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @DEV-003 @host-control
  Scenario: Software that is too old may not trade, but may end its batch
    Given Bob has paid 10.00 CNY at "T1"
    And the host requires software version "32320000" of "T1"
    When Bob swipes 20.00 CNY at "T1"
    And the cashier signs out at "T1"
    Then "T1" shows TERMINAL_NOT_PERMITTED
    And "T1" shows SIGNED_OUT
    And Bob's card holds 4990.00 CNY

  @DEV-004 @host-control
  Scenario: The till fetches the new software, starts again and trades
    Given the host requires software version "32320000" of "T1"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    And operator "01" logs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows TERMINAL_NOT_PERMITTED
    And "T1" shows RESTARTING
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message                   | trace | F39 | header       |
      | T1   | sale                      | 2     |     | 603100310000 |
      | host | sale answer               | 2     | 58  | 603101310000 |
      | T1   | parameter-download        | 3     |     | 603100310000 |
      | host | parameter-download answer | 3     | 00  | 603101310000 |
      | T1   | parameter-end             | 4     |     | 603100310000 |
      | host | parameter-end answer      | 4     | 00  | 603100310000 |
      | T1   | sale                      | 5     |     | 603200320000 |
      | host | sale answer               | 5     | 00  | 603200320000 |
    And "T1" runs software version "32320000"
    And Bob's card holds 4990.00 CNY

  @DEV-005 @host-control
  Scenario: A till that fetched the new software and still runs the old one stays refused
    Given the host requires software version "32320000" of "T1"
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 10.00 CNY at "T1"
    And "T1" is made to send the 1st sale again
    Then "T1" shows TERMINAL_NOT_PERMITTED
    And "T1" shows RESTARTING
    And the answer to the 2nd sale carries
      | field | value |
      | F39   | 58    |
    And Bob's card holds 5000.00 CNY
