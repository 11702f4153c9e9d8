@unionpay
Feature: How a till is
  The hotline learns of a broken printer from the till, not from the queue in front of it.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @DEV-001 @DEV-002 @host-control
  Scenario: The host asks for the state of the devices and gets it once
    Given the printer of "T1" fails
    And the reader of "T1" fails
    And the reader of "T1" works again
    And the host asks "T1" for its status
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And Bob swipes 30.00 CNY at "T1"
    Then these messages went over the wire
      | from | message              | trace | F39 | header       |
      | T1   | sale                 | 2     |     | 603100310000 |
      | host | sale answer          | 2     | 00  | 603102310000 |
      | T1   | status-upload        | 3     |     | 603100310000 |
      | host | status-upload answer | 3     | 00  | 603100310000 |
      | T1   | sale                 | 4     |     | 603100310000 |
      | host | sale answer          | 4     | 00  | 603100310000 |
      | T1   | sale                 | 5     |     | 603100310000 |
      | host | sale answer          | 5     | 00  | 603100310000 |
    And the host knows that the printer of "T1" does not work
    And the host knows that the reader of "T1" works

  @DEV-001 @host-control
  Scenario: A till without paper says so
    Given the host asks "T1" for its status
    And Bob has paid 10.00 CNY at "T1"
    And "T1" is out of paper
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host knows that the printer of "T1" does not work
